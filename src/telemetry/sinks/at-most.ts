import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for `work`, but no longer than `ms`. Rejects as the work does. */
export async function atMost(ms: number, work: Promise<void> | null): Promise<void> {
  if (work === null) return;
  const over = new AbortController();
  const patience = sleep(ms, undefined, { signal: over.signal }).catch(() => {});
  try {
    await Promise.race([work, patience]);
  } finally {
    over.abort();
  }
}
