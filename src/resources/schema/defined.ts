/** The members that are there: decoded resources leave out what says nothing. */
export function defined<T extends object>(members: T): { [K in keyof T]: T[K] } {
  const kept = Object.entries(members).filter(([, value]) => value !== undefined);
  return Object.fromEntries(kept) as { [K in keyof T]: T[K] };
}
