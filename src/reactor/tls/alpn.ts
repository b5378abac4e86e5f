/** Protocol lists of ALPN as they go over the wire (RFC 7301 3.1): each name after its length. */

/** @throws RangeError for a name that is empty or longer than 255 bytes */
export function encodeProtocols(names: readonly string[]): Buffer {
  return Buffer.concat(
    names.map((name) => {
      const bytes = Buffer.from(name, 'latin1');
      if (bytes.length === 0 || bytes.length > 255) throw new RangeError(`'${name}' cannot be a protocol name`);
      return Buffer.concat([Buffer.of(bytes.length), bytes]);
    }),
  );
}

/** The first of `spoken` that the peer has offered. */
export function selectProtocol(
  spoken: readonly string[],
  offered: Buffer,
): { readonly at: number; readonly length: number } | null {
  for (const name of spoken) {
    for (let at = 0; at < offered.length; at += 1 + offered[at]) {
      const length = offered[at];
      if (at + 1 + length <= offered.length && offered.toString('latin1', at + 1, at + 1 + length) === name) {
        return { at: at + 1, length };
      }
    }
  }
  return null;
}
