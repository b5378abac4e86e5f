/**
 * Picks a backend in exact proportion to the weights; weight 0 is never picked (Gateway API HTTPBackendRef.weight).
 * @param random01 a number in [0, 1).
 * @returns null when there is no backend with a weight above 0.
 */
export function pickBackend<T extends { readonly weight: number }>(
  action: { readonly backends: readonly T[] },
  random01: number,
): T | null {
  const { backends } = action;
  let total = 0;
  for (let i = 0; i < backends.length; i++) total += (backends[i] as T).weight;
  // Rounding could lift the product to the total itself.
  let ticket = Math.min(Math.floor(random01 * total), total - 1);
  for (let i = 0; i < backends.length; i++) {
    const backend = backends[i] as T;
    if (ticket < backend.weight) return backend.weight > 0 ? backend : null;
    ticket -= backend.weight;
  }
  return null;
}
