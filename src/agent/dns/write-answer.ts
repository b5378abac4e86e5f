/** Writes the DNS messages that are our own: addresses of services, and refusals (RFC 1035 4.1, RFC 6891 6.1). Pure. */
import { parseCidr } from '../../intercept/index.ts';
import { HEADER_BYTES, type Query, TYPE_A, TYPE_AAAA, TYPE_ANY } from './read-query.ts';

export const NO_ERROR = 0;
export const FORMAT_ERROR = 1;
export const SERVER_FAILURE = 2;
/** Written as the OPT record's high bits and the header's low ones. */
const BAD_VERSION = 16;
/** Seconds that an answer may be remembered: a service that goes is gone this much later for everybody. */
export const ANSWER_TTL = 30;
/** So that every answer fits the 512 bytes that any client takes over UDP. */
const MAX_ADDRESSES = 8;
const OPT_BYTES = 11;
/** What we take over UDP ourselves, far above what a query needs. */
const OWN_PAYLOAD = 1232;

/**
 * The answer of the name's owner: the addresses of the type that was asked for, or none (NODATA).
 * @param addresses IPv4 and IPv6 in text
 */
export function writeAnswer(message: Buffer, query: Query, addresses: readonly string[]): Buffer {
  if (query.edns === 'unknown-version') return writeRefusal(message, query, BAD_VERSION);
  const records = addresses.flatMap((ip) => recordOf(ip, query.type)).slice(0, MAX_ADDRESSES);
  const head = Buffer.from(message.subarray(0, query.questionEnd));
  writeHeader(head, NO_ERROR, true);
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(records.length, 6);
  head.writeUInt16BE(query.edns === 'none' ? 0 : 1, 10);
  return Buffer.concat([head, ...records, ...(query.edns === 'none' ? [] : [optRecord(NO_ERROR)])]);
}

/** Says that a request cannot be served. @param query null when its question could not be read */
export function writeRefusal(message: Buffer, query: Query | null, code: number): Buffer {
  const head = Buffer.from(message.subarray(0, query?.questionEnd ?? HEADER_BYTES));
  writeHeader(head, code & 0xf, false);
  head.writeUInt16BE(query === null ? 0 : 1, 4);
  const hasOpt = query !== null && query.edns !== 'none';
  head.writeUInt16BE(hasOpt ? 1 : 0, 10);
  return hasOpt ? Buffer.concat([head, optRecord(code)]) : head;
}

/** Answer, same opcode, recursion as desired and available; the counts of records zero. */
function writeHeader(head: Buffer, code: number, isOwner: boolean): void {
  head[2] = 0x80 | (head[2] & 0x79) | (isOwner ? 0x04 : 0);
  head[3] = 0x80 | code;
  head.fill(0, 6, HEADER_BYTES);
}

/** The name points to the question's. */
function recordOf(ip: string, asked: number): Buffer[] {
  const cidr = parseCidr(ip);
  if (cidr === undefined) return [];
  const [type, bytes] = cidr.family === 'v4' ? [TYPE_A, 4] : [TYPE_AAAA, 16];
  if (asked !== type && asked !== TYPE_ANY) return [];
  const record = Buffer.alloc(12 + bytes);
  record.writeUInt16BE(0xc000 | HEADER_BYTES, 0);
  record.writeUInt16BE(type, 2);
  record.writeUInt16BE(1, 4);
  record.writeUInt32BE(ANSWER_TTL, 6);
  record.writeUInt16BE(bytes, 10);
  record.write(cidr.network.toString(16).padStart(bytes * 2, '0'), 12, 'hex');
  return [record];
}

function optRecord(code: number): Buffer {
  const record = Buffer.alloc(OPT_BYTES);
  record.writeUInt16BE(41, 1);
  record.writeUInt16BE(OWN_PAYLOAD, 3);
  record[5] = code >> 4;
  return record;
}
