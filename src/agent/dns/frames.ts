/** DNS over TCP: each message with its length before it, two bytes (RFC 1035 4.2.2). Pure. */

const LENGTH_BYTES = 2;

/** Puts messages together out of what a connection brings. */
export class FrameReader {
  #pieces: Buffer[] = [];
  #held = 0;

  /** Bytes that wait for the rest of their message: fewer than 64 KiB. */
  get held(): number {
    return this.#held;
  }

  /** The messages that are complete now, in order. */
  push(piece: Buffer): Buffer[] {
    this.#pieces.push(piece);
    this.#held += piece.length;
    const first = this.#pieces[0];
    // Most often a message comes as one piece; a trickle of single bytes is joined only when it may be enough.
    if (this.#pieces.length > 1 && first.length >= LENGTH_BYTES && this.#held < LENGTH_BYTES + first.readUInt16BE(0))
      return [];
    const bytes = this.#pieces.length === 1 ? first : Buffer.concat(this.#pieces);
    const messages: Buffer[] = [];
    let at = 0;
    while (at + LENGTH_BYTES <= bytes.length) {
      const end = at + LENGTH_BYTES + bytes.readUInt16BE(at);
      if (end > bytes.length) break;
      messages.push(bytes.subarray(at + LENGTH_BYTES, end));
      at = end;
    }
    const rest = bytes.subarray(at);
    this.#pieces = rest.length === 0 ? [] : [rest];
    this.#held = rest.length;
    return messages;
  }
}

export function frame(message: Buffer): Buffer {
  const framed = Buffer.allocUnsafe(LENGTH_BYTES + message.length);
  framed.writeUInt16BE(message.length, 0);
  message.copy(framed, LENGTH_BYTES);
  return framed;
}
