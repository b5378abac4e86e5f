/** DNS messages written and read by the test itself, so that the codec is not its own judge. */

export interface AskOptions {
  readonly id?: number;
  readonly type?: number;
  readonly dnsClass?: number;
  readonly edns?: number;
  /** The whole second flags word, `0x0100` (recursion desired) if left out. */
  readonly flags?: number;
}

export function ask(name: string, options: AskOptions = {}): Buffer {
  const { id = 0x1234, type = 1, dnsClass = 1, edns, flags = 0x0100 } = options;
  const head = words(id, flags, 1, 0, 0, edns === undefined ? 0 : 1);
  const opt = edns === undefined ? Buffer.alloc(0) : Buffer.from([0, 0, 41, 0x10, 0, 0, edns, 0, 0, 0, 0]);
  return Buffer.concat([head, encodeName(name), words(type, dnsClass), opt]);
}

export function encodeName(name: string): Buffer {
  const labels = name === '' ? [] : name.split('.');
  return Buffer.concat([...labels.map((l) => Buffer.from([l.length, ...Buffer.from(l, 'latin1')])), Buffer.from([0])]);
}

export function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(2 * values.length);
  for (const [i, value] of values.entries()) bytes.writeUInt16BE(value, 2 * i);
  return bytes;
}

/** An answer with one A record, as a resolver would give it. */
export function respond(query: Buffer, ip: string): Buffer {
  const end = 12 + query.subarray(12).indexOf(0) + 5;
  const head = Buffer.concat([words(query.readUInt16BE(0), 0x8180, 1, 1, 0, 0), query.subarray(12, end)]);
  return Buffer.concat([head, words(0xc00c, 1, 1, 0, 60, 4), Buffer.from(ip.split('.').map(Number))]);
}

export interface Told {
  readonly id: number;
  readonly code: number;
  readonly isAnswer: boolean;
  readonly isOwner: boolean;
  readonly question: string;
  readonly addresses: readonly string[];
  readonly ttls: readonly number[];
  readonly edns: boolean;
}

/** Reads an answer whose names are the question's, or pointers to it. */
export function tell(message: Buffer): Told {
  const labels: string[] = [];
  let at = 12;
  if (message.readUInt16BE(4) === 1) {
    for (; message[at] !== 0; at += 1 + message[at])
      labels.push(message.toString('latin1', at + 1, at + 1 + message[at]));
    at += 5;
  }
  const addresses: string[] = [];
  const ttls: number[] = [];
  for (let i = 0; i < message.readUInt16BE(6); i++) {
    const length = message.readUInt16BE(at + 10);
    ttls.push(message.readUInt32BE(at + 6));
    const data = message.subarray(at + 12, at + 12 + length);
    addresses.push(length === 4 ? [...data].join('.') : data.toString('hex'));
    at += 12 + length;
  }
  const edns = message.readUInt16BE(10) === 1 && message.readUInt16BE(at + 1) === 41;
  const end = edns ? at + 11 : at;
  if (end !== message.length) throw new Error(`${message.length - end} bytes too many`);
  const flags = message.readUInt16BE(2);
  return {
    id: message.readUInt16BE(0),
    code: (flags & 0xf) | (edns ? message[at + 5] << 4 : 0),
    isAnswer: flags >> 15 === 1,
    isOwner: ((flags >> 10) & 1) === 1,
    question: labels.join('.'),
    addresses,
    ttls,
    edns,
  };
}
