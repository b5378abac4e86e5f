import type { Bus, BusMessage, Unsubscriber } from '../contract/bus-types.ts';
import { partOfDirectoryKey } from '../contract/directory-parts.ts';
import { type Subjects, serviceOfViewKey } from '../contract/subjects.ts';

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
    const isView = serviceOfViewKey(stored) !== null || partOfDirectoryKey(stored) !== null;
    if (isView && message.header('KV-Operation') === '') onView(stored, message.data);
  });
}
