/** Comparing bytes in place with constants; nothing here allocates once the constants are made. */

/** The bytes of a constant, to compare with. Give it in lower case where letters' case must not matter. */
export function constantBytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

/** True if the bytes are `lower`, letters' case aside. */
export function equalsLower(bytes: Uint8Array, at: number, length: number, lower: Uint8Array): boolean {
  if (length !== lower.length) return false;
  for (let i = 0; i < length; i++) {
    let byte = bytes[at + i] as number;
    if (byte >= 0x41 && byte <= 0x5a) byte |= 0x20;
    if (byte !== lower[i]) return false;
  }
  return true;
}

/** True if the bytes begin with `lower`, letters' case aside. */
export function startsLower(bytes: Uint8Array, at: number, length: number, lower: Uint8Array): boolean {
  return length >= lower.length && equalsLower(bytes, at, lower.length, lower);
}

/** True if the bytes are exactly `constant`. */
export function equalsExact(bytes: Uint8Array, at: number, length: number, constant: Uint8Array): boolean {
  if (length !== constant.length) return false;
  for (let i = 0; i < length; i++) {
    if (bytes[at + i] !== constant[i]) return false;
  }
  return true;
}

/** OWS of RFC 9110 5.6.3. */
export function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09;
}

export function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

/** A list element of a field value, found by `nextElement`. */
export interface Element {
  at: number;
  length: number;
}

/**
 * Finds the next non-empty element of a comma-separated list (RFC 9110 5.6.1) in [from, end) and puts it, without
 * surrounding blanks, into `element`. Returns where to go on, or -1 when there is none. Not for lists with quoted strings.
 */
export function nextElement(bytes: Uint8Array, from: number, end: number, element: Element): number {
  let at = from;
  while (at < end && (isBlank(bytes[at]) || bytes[at] === 0x2c)) at++;
  if (at >= end) return -1;
  let comma = at;
  while (comma < end && bytes[comma] !== 0x2c) comma++;
  let last = comma;
  while (isBlank(bytes[last - 1])) last--;
  element.at = at;
  element.length = last - at;
  return comma;
}
