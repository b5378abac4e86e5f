/**
 * Runs a task for each item, at most `limit` at once. Waits for all that were begun; rejects with the first failure, after
 * which no further one is begun.
 */
export async function inParallel<T>(
  items: readonly T[],
  limit: number,
  task: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  let failed = false;
  const work = async (): Promise<void> => {
    for (const item of queue) {
      if (failed) return;
      await task(item).catch((cause: unknown) => {
        failed = true;
        throw cause;
      });
    }
  };
  const workers = Array.from({ length: Math.min(limit, items.length) }, work);
  const results = await Promise.allSettled(workers);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}
