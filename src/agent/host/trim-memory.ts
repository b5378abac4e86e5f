/** Gives back the memory that starting needed: parsed modules, decoded configuration. bin/towpath allows it by --expose-gc. */

/** After the last of what the start set going, in ms. */
const SETTLED_AFTER_MS = 3_000;

/** Collects garbage once, a while from now; does nothing where Node was started without --expose-gc. */
export function trimMemoryLater(): void {
  const { gc } = globalThis;
  if (gc !== undefined) setTimeout(() => void gc({ type: 'major', flavor: 'last-resort' }), SETTLED_AFTER_MS).unref();
}
