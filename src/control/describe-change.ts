/** What a planned change comes to, field by field, within bounds. Pure. */
import { diffValues, type FieldChange } from '../core/diff-values.ts';
import { contentOf, type StoredResource } from '../resources/index.ts';
import type { PlannedChange } from './plan-changes.ts';

export interface FieldLimits {
  readonly fields: number;
  /** Characters of JSON; a longer value is replaced by a note of its length. */
  readonly valueLength: number;
}

export interface DescribedChange {
  readonly fields: readonly FieldChange[];
  readonly truncated: boolean;
}

/** `before`: what is in force; null when there is nothing. */
export function describeChange(
  before: StoredResource | null,
  change: PlannedChange,
  limits: FieldLimits,
): DescribedChange {
  switch (change.type) {
    case 'put':
      return describeFields(before, change.stored, limits);
    case 'delete':
      return describeFields(before, null, limits);
    case 'unchanged':
    case 'not-found':
      return { fields: [], truncated: false };
  }
}

/** The fields that differ between two versions of a resource; null: there is none. */
export function describeFields(
  before: StoredResource | null,
  after: StoredResource | null,
  { fields, valueLength }: FieldLimits,
): DescribedChange {
  const found = diffValues(manifestOf(before), manifestOf(after), fields + 1);
  return {
    fields: found.slice(0, fields).map((change) => shorten(change, valueLength)),
    truncated: found.length > fields,
  };
}

/** What a user writes of it. */
function manifestOf(stored: StoredResource | null): unknown {
  if (stored === null) return undefined;
  const { labels, annotations } = stored.resource.metadata;
  return { metadata: { labels, annotations }, ...contentOf(stored.resource) };
}

function shorten(change: FieldChange, length: number): FieldChange {
  const short = (value: unknown): unknown => {
    const text = JSON.stringify(value);
    return text.length <= length ? value : `(${text.length} characters)`;
  };
  return {
    path: change.path,
    ...('before' in change ? { before: short(change.before) } : {}),
    ...('after' in change ? { after: short(change.after) } : {}),
  };
}
