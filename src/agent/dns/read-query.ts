/** Reads what we must know of a DNS message (RFC 1035 4.1, RFC 6891): its question, and whether the client speaks EDNS. Pure. */

export const HEADER_BYTES = 12;
export const TYPE_A = 1;
export const TYPE_AAAA = 28;
export const TYPE_ANY = 255;
const TYPE_OPT = 41;
const CLASS_IN = 1;
const MAX_NAME = 255;
/** Records behind the question that are looked through for EDNS; a query has one or two. */
const MAX_RECORDS = 16;

export interface Query {
  /** In lower case, without a dot at the end; '' for the root and for names that no host can have. */
  readonly name: string;
  readonly type: number;
  /** The question ends here; it begins behind the header. */
  readonly questionEnd: number;
  readonly edns: 'none' | 'version-0' | 'unknown-version';
}

export type ReadQuery =
  /** A standard query for one name of the internet class. */
  | { readonly type: 'query'; readonly query: Query }
  /** A message with a meaning of its own: an update, a notification, several questions, another class. */
  | { readonly type: 'other' }
  /** A request that breaks its own lengths. */
  | { readonly type: 'malformed' }
  /** No request at all: too short, or an answer. */
  | { readonly type: 'no-request' };

const OTHER: ReadQuery = { type: 'other' };
const MALFORMED: ReadQuery = { type: 'malformed' };
const NO_REQUEST: ReadQuery = { type: 'no-request' };

export function readQuery(message: Buffer): ReadQuery {
  if (message.length < HEADER_BYTES || (message[2] & 0x80) !== 0) return NO_REQUEST;
  const opcode = (message[2] >> 3) & 0xf;
  if (opcode !== 0) return OTHER;
  if (message.readUInt16BE(4) !== 1) return message.readUInt16BE(4) === 0 ? MALFORMED : OTHER;
  const name = readName(message);
  if (name === null || name.end + 4 > message.length) return MALFORMED;
  const questionEnd = name.end + 4;
  const edns = findEdns(message, questionEnd);
  if (edns === null) return MALFORMED;
  if (message.readUInt16BE(name.end + 2) !== CLASS_IN) return OTHER;
  return { type: 'query', query: { name: name.text, type: message.readUInt16BE(name.end), questionEnd, edns } };
}

/** The question's name. A question is the first name of its message, so it has nothing to point back to: no compression. */
function readName(message: Buffer): { readonly text: string; readonly end: number } | null {
  const labels: string[] = [];
  let isHost = true;
  let at = HEADER_BYTES;
  for (;;) {
    const length = message[at];
    if (length === undefined || length > 63) return null;
    at++;
    if (length === 0) break;
    if (at + length > message.length || at + length - HEADER_BYTES >= MAX_NAME) return null;
    const label = message.toString('latin1', at, at + length).toLowerCase();
    isHost &&= /^[a-z0-9_-]+$/.test(label);
    labels.push(label);
    at += length;
  }
  return { text: isHost ? labels.join('.') : '', end: at };
}

/** Looks for the OPT record; null when a record breaks its own lengths. */
function findEdns(message: Buffer, from: number): Query['edns'] | null {
  const records = message.readUInt16BE(6) + message.readUInt16BE(8) + message.readUInt16BE(10);
  if (records > MAX_RECORDS) return null;
  let at = from;
  for (let i = 0; i < records; i++) {
    const nameEnd = skipName(message, at);
    if (nameEnd === null || nameEnd + 10 > message.length) return null;
    if (message.readUInt16BE(nameEnd) === TYPE_OPT) return message[nameEnd + 5] === 0 ? 'version-0' : 'unknown-version';
    at = nameEnd + 10 + message.readUInt16BE(nameEnd + 8);
    if (at > message.length) return null;
  }
  return 'none';
}

function skipName(message: Buffer, from: number): number | null {
  let at = from;
  for (;;) {
    const length = message[at];
    if (length === undefined) return null;
    if (length >= 0xc0) return at + 2;
    if (length > 63) return null;
    at += 1 + length;
    if (length === 0) return at;
  }
}
