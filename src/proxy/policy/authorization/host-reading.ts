/**
 * The host that a request names, without what does not change whom it means: the port, dots at the end, needless percent-encoding.
 * Letters' case is left to the comparison.
 */
import { constantBytes, equalsLower } from '../../codec/http1/bytes.ts';
import { ValueMatcher } from './value-matcher.ts';

const COLON = 0x3a;
const DOT = 0x2e;
const PERCENT = 0x25;
const CLOSE = 0x5d;
/** Longer ones are no host names. */
const MAX_HOST = 1024;

export class HostReading {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  length = 0;
  portAt = 0;
  /** 0: no port. */
  portLength = 0;
  #scratch: Buffer | null = null;

  read(bytes: Uint8Array, at: number, length: number): void {
    const end = at + length;
    let colon = end;
    for (let i = end - 1; i >= at && bytes[i] !== CLOSE; i--) if (bytes[i] === COLON) colon = i;
    this.bytes = bytes;
    this.at = at;
    this.length = colon - at;
    this.portAt = Math.min(colon + 1, end);
    this.portLength = end - this.portAt;
    if (this.length <= MAX_HOST && bytes.subarray(at, colon).includes(PERCENT)) this.#decode(bytes, at, colon);
    while (this.length > 1 && this.bytes[this.at + this.length - 1] === DOT) this.length--;
  }

  #decode(bytes: Uint8Array, at: number, end: number): void {
    this.#scratch ??= Buffer.alloc(2 * MAX_HOST);
    const text = Buffer.from(bytes.subarray(at, end)).toString('latin1');
    const decoded = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    const portLength = Math.min(this.portLength, 8);
    const length = this.#scratch.write(decoded, 0, 'latin1');
    this.#scratch.set(bytes.subarray(this.portAt, this.portAt + portLength), length);
    [this.bytes, this.at, this.length] = [this.#scratch, 0, length];
    [this.portAt, this.portLength] = [length, portLength];
  }
}

/** A host of a policy: with a port (`example.com:8080`, `example.com:*`) it is for that port alone. */
export class HostMatcher {
  readonly #host: ValueMatcher;
  /** null: whatever the port. */
  readonly #port: Uint8Array | null;
  readonly #anyPort: boolean;

  constructor(value: string) {
    const match = /^(.*):(\d+|\*)$/.exec(value);
    const isLiteral = match?.[1]?.includes(':') === true && !match[1].endsWith(']');
    const [host, port] = match === null || isLiteral ? [value, null] : [match[1] ?? '', match[2] ?? ''];
    this.#host = new ValueMatcher(host.length > 1 ? host.replace(/\.+$/, '') : host, 'ignored');
    this.#anyPort = port === '*';
    this.#port = port === null || port === '*' ? null : constantBytes(port);
  }

  matches({ bytes, at, length, portAt, portLength }: HostReading): boolean {
    if (!this.#host.matchesBytes(bytes, at, length)) return false;
    if (this.#anyPort) return portLength > 0;
    return this.#port === null || equalsLower(bytes, portAt, portLength, this.#port);
  }
}
