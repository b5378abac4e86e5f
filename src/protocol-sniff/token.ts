/** Byte classes of HTTP, shared by sniffing and the codec. */

const TOKEN = new Uint8Array(256);
for (const char of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
  TOKEN[char.charCodeAt(0)] = 1;
}

/** tchar of RFC 9110 5.6.2: what methods, field names and options are made of. */
export function isTokenByte(byte: number): boolean {
  return TOKEN[byte] === 1;
}
