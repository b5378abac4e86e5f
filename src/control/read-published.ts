import type { BucketEntry } from '../contract/bus-types.ts';
import { META_KEY } from '../contract/subjects.ts';
import { versionSchema } from '../contract/view-schema.ts';
import type { ViewVersion } from '../contract/views.ts';

/** Older than every version, and with no content that ours could equal. */
export const UNREADABLE: ViewVersion = { epoch: 0, gen: 0, hash: '' };

/** A view that lies in the store. */
export interface Published {
  readonly version: ViewVersion;
  readonly revision: number;
}

/** The versions of all views of the bucket; one that cannot be read counts as version 0, so that it is replaced. */
export function readPublished(entries: readonly BucketEntry[]): Map<string, Published> {
  const views = entries.filter((entry) => entry.key !== META_KEY);
  return new Map(views.map((entry) => [entry.key, { version: versionOf(entry.data), revision: entry.revision }]));
}

function versionOf(data: Uint8Array): ViewVersion {
  try {
    const value: unknown = JSON.parse(Buffer.from(data).toString('utf8'));
    const version = typeof value === 'object' && value !== null && 'version' in value ? value.version : null;
    const parsed = versionSchema.safeParse(version);
    return parsed.success ? parsed.data : UNREADABLE;
  } catch {
    return UNREADABLE;
  }
}
