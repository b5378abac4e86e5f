/** Asks main for the keys of an issuer again: seldom, however many tokens name a key that nobody knows. */

/** For each issuer. The main thread keeps to a longer pause of its own. */
const PAUSE_MS = 1_000;
/** Issuers remembered: the policies of one host name fewer. */
const MAX_REMEMBERED = 256;

/** @param clock ms @returns `ask`, at most once in a second for each URL */
export function askSeldom(clock: { readonly now: number }, ask: (url: string) => void): (url: string) => void {
  const askedAt = new Map<string, number>();
  return (url) => {
    const last = askedAt.get(url);
    if (last !== undefined && clock.now - last < PAUSE_MS) return;
    if (askedAt.size >= MAX_REMEMBERED) askedAt.clear();
    askedAt.set(url, clock.now);
    ask(url);
  };
}
