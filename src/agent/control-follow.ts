import type { Bus, BusMessage, Unsubscriber } from '../contract/bus-types.ts';
import { decodeJson, MAX_RECORD_BYTES } from '../contract/decode.ts';
import { partOfDirectoryKey } from '../contract/directory-parts.ts';
import { type Meta, metaSchema } from '../contract/messages.ts';
import { hostOfViewKey, META_KEY, type Subjects, serviceOfViewKey } from '../contract/subjects.ts';
import type { HeldVersions } from './control-held-views.ts';

/**
 * Hears every view stored under `key`, which may end in a wildcard. A deleted view says nothing: a service is gone when the
 * directory, which is versioned, no longer has it.
 */
export function followViews(
  bus: Bus,
  subjects: Subjects,
  key: string,
  onView: (key: string, data: Uint8Array) => void,
): Unsubscriber {
  const prefix = subjects.republished('view', '').length;
  return bus.subscribe(subjects.republished('view', key), (message: BusMessage) => {
    const stored = message.subject.slice(prefix);
    const isView = [serviceOfViewKey, hostOfViewKey, partOfDirectoryKey].some((read) => read(stored) !== null);
    if (isView && message.header('KV-Operation') === '') onView(stored, message.data);
  });
}

/** The generation that a message or the store tells of; null: it is malformed, which is counted. */
export function readMeta(data: Uint8Array, views: Pick<HeldVersions, 'ignore'>): Meta | null {
  const meta = decodeJson(data, metaSchema, MAX_RECORD_BYTES);
  if (meta.ok) return meta.value;
  views.ignore(META_KEY, meta.error);
  return null;
}

/** Views as the store has them now; those of `failed` could not be read, others that are missing are not there. */
export async function readViews(
  bus: Bus,
  subjects: Subjects,
  keys: readonly string[],
): Promise<{ readonly found: { readonly key: string; readonly data: Uint8Array }[]; readonly failed: string[] }> {
  const bucket = bus.bucket(subjects.bucket('view'));
  const found: { key: string; data: Uint8Array }[] = [];
  const failed: string[] = [];
  for (const [i, result] of (await Promise.allSettled(keys.map((key) => bucket.get(key)))).entries()) {
    const key = keys[i] ?? '';
    if (result.status === 'rejected') failed.push(key);
    else if (result.value !== null && !result.value.deleted) found.push({ key, data: result.value.data });
  }
  return { found, failed };
}
