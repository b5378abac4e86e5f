/**
 * The trace that a request belongs to: W3C Trace Context (`traceparent`), or B3 in one field or several. A decision to sample that
 * comes with the request is kept; without one the rule decides. What is sampled goes on under our span; what is not, and came with
 * a context, passes untouched.
 */
import type { SideRules } from '../../contract/telemetry-rules.ts';
import { HEX_PAIRS } from '../../core/hex.ts';
import { BIT_SAMPLED, BIT_TRACED } from '../../telemetry/records/record-layout.ts';
import { constantBytes } from '../codec/http1/bytes.ts';
import type { CompiledEdits } from '../codec/http1/header-edits.ts';
import type { Inserted } from '../codec/http2/hpack-inserted.ts';
import type { MessageHead } from '../codec/message-head.ts';
import { addFields, type OwnField } from '../codec/own-lines.ts';
import type { Draft } from './draft.ts';
import { WantedFields } from './load-rules.ts';
import { readHex } from './read-hex.ts';

/** Which fields the context came in. */
export const CARRIER_NONE = 0;
export const CARRIER_W3C = 1;
export const CARRIER_B3 = 2;
export const CARRIER_B3_MULTI = 3;

const FIELDS = new WantedFields(['traceparent', 'b3', 'x-b3-traceid', 'x-b3-spanid', 'x-b3-sampled', 'x-b3-flags']);
const TRACEPARENT = 0;
const B3 = 1;
const B3_TRACE = 2;
const B3_SPAN = 3;
const B3_SAMPLED = 4;
const B3_FLAGS = 5;

const DASH = 0x2d;
const ZERO = 0x30;
const ONE = 0x31;
const D = 0x64;
const T = 0x74;

/** What a context says of sampling. */
const UNDECIDED = -1;

/** `00-<trace id>-<parent id>-<flags>`. */
const W3C_LENGTH = 55;

/** Reads the context of a request, or begins one, and decides on sampling. */
export function beginTrace(
  draft: Draft,
  rule: NonNullable<SideRules['trace']>,
  bytes: Buffer,
  head: MessageHead,
  random: () => number,
): void {
  FIELDS.find(bytes, head);
  const { trace } = draft;
  for (let i = 0; i < trace.length; i++) trace[i] = 0;
  draft.carrier = CARRIER_NONE;
  let decision = readW3c(draft, bytes, head);
  if (draft.carrier === CARRIER_NONE) decision = readB3(draft, bytes, head);
  if (draft.carrier === CARRIER_NONE && decision === UNDECIDED) decision = readB3Multi(draft, bytes, head);
  const isNew = (trace[0] | trace[1] | trace[2] | trace[3]) === 0;
  if (isNew) for (let i = 0; i < 4; i++) trace[i] = word(random);
  // Only the deciding hop has a say; a trace that is known without a decision is decided here.
  draft.isSampled = decision === UNDECIDED ? random() * 100 < rule.percent : decision === 1;
  draft.bits |= BIT_TRACED;
  draft.traceRule = rule.index;
  if (!draft.isSampled && !isNew) return;
  trace[4] = word(random) | 1;
  trace[5] = word(random);
  if (draft.isSampled && rule.reports) draft.bits |= BIT_SAMPLED;
}

function word(random: () => number): number {
  return (random() * 0x1_0000_0000) | 0;
}

/** Version `ff` and ids of zeros are invalid; a later version is read as this one (W3C Trace Context 3.2.2, 4.3). */
function readW3c(draft: Draft, bytes: Buffer, head: MessageHead): number {
  const field = FIELDS.found[TRACEPARENT] as number;
  if (field < 0) return UNDECIDED;
  const at = head.valueAt[field] as number;
  const length = head.valueLength[field] as number;
  if (length < W3C_LENGTH || (length > W3C_LENGTH && bytes[at + W3C_LENGTH] !== DASH)) return UNDECIDED;
  const isFirst = bytes[at] === ZERO && bytes[at + 1] === ZERO;
  if ((isFirst && length !== W3C_LENGTH) || (bytes[at] === 0x66 && bytes[at + 1] === 0x66)) return UNDECIDED;
  if (bytes[at + 2] !== DASH || bytes[at + 35] !== DASH || bytes[at + 52] !== DASH) return UNDECIDED;
  const flags = readHex(bytes, at + 53, 2, HALF, 0) ? (HALF[0] as number) : -1;
  if (flags < 0 || !readIds(draft, bytes, at + 3, 32, at + 36)) return UNDECIDED;
  draft.carrier = CARRIER_W3C;
  return flags & 1;
}
const HALF = new Int32Array(1);

/** `{trace}-{span}[-{0|1|d}[-{parent}]]`, or the decision alone. */
function readB3(draft: Draft, bytes: Buffer, head: MessageHead): number {
  const field = FIELDS.found[B3] as number;
  if (field < 0) return UNDECIDED;
  const at = head.valueAt[field] as number;
  const length = head.valueLength[field] as number;
  if (length === 1) return decisionOf(bytes[at]);
  const digits = bytes[at + 16] === DASH ? 16 : 32;
  const spanAt = at + digits + 1;
  if (length < digits + 17 || bytes[spanAt - 1] !== DASH || !readIds(draft, bytes, at, digits, spanAt))
    return UNDECIDED;
  draft.carrier = CARRIER_B3;
  return length >= digits + 19 && bytes[spanAt + 16] === DASH ? decisionOf(bytes[spanAt + 17]) : UNDECIDED;
}

function readB3Multi(draft: Draft, bytes: Buffer, head: MessageHead): number {
  const { found } = FIELDS;
  const flags = found[B3_FLAGS] as number;
  const sampled = found[B3_SAMPLED] as number;
  const isDebug = flags >= 0 && bytes[head.valueAt[flags] as number] === ONE;
  const said = sampled < 0 ? UNDECIDED : decisionOf(bytes[head.valueAt[sampled] as number]);
  const decision = isDebug ? 1 : said;
  const trace = found[B3_TRACE] as number;
  const span = found[B3_SPAN] as number;
  if (trace < 0 || span < 0) return decision;
  const digits = head.valueLength[trace] as number;
  if ((digits !== 16 && digits !== 32) || head.valueLength[span] !== 16) return decision;
  if (!readIds(draft, bytes, head.valueAt[trace] as number, digits, head.valueAt[span] as number)) return decision;
  draft.carrier = CARRIER_B3_MULTI;
  return decision;
}

/** 0, 1, d (debug), t(rue), f(alse). */
function decisionOf(byte: number | undefined): number {
  if (byte === ONE || byte === D || byte === T) return 1;
  return byte === ZERO || byte === 0x66 ? 0 : UNDECIDED;
}

/** A trace id of 16 digits is the second half of one (B3). False, and nothing is kept, when one is malformed or all zeros. */
function readIds(draft: Draft, bytes: Buffer, traceAt: number, digits: number, spanAt: number): boolean {
  const { trace } = draft;
  const isRead = readHex(bytes, traceAt, digits, trace, digits === 32 ? 0 : 2) && readHex(bytes, spanAt, 16, trace, 6);
  const isSet = (trace[0] | trace[1] | trace[2] | trace[3]) !== 0 && (trace[6] | trace[7]) !== 0;
  if (!isRead || !isSet) trace.fill(0);
  return isRead && isSet;
}

/** The fields to insert: those given, and the context of a request that came without one. Valid until the next call. */
export function newTraceFields(draft: Draft, id: readonly Inserted[]): readonly Inserted[] {
  if ((draft.bits & BIT_TRACED) === 0 || draft.carrier !== CARRIER_NONE) return id;
  renderTraceparent(draft);
  const [first] = id;
  if (first === undefined) return ALONE;
  WITH_ID[0] = first;
  return WITH_ID;
}

/** The edits with those that put our span into the context that the request came with; what is not sampled passes untouched. */
export function traceEdits(draft: Draft, edits: CompiledEdits | null): CompiledEdits | null {
  if (!draft.isSampled || draft.carrier === CARRIER_NONE) return edits;
  return addFields(edits, fieldsOf(draft));
}

function fieldsOf(draft: Draft): OwnField[] {
  const { trace, carrier } = draft;
  renderTraceparent(draft);
  const fields = [set('traceparent', text.toString('latin1', 0, W3C_LENGTH))];
  const span = hex(trace, 4, 2);
  const parent = hex(trace, 6, 2);
  if (carrier === CARRIER_B3) fields.push(set('b3', `${hex(trace, 0, 4)}-${span}-1-${parent}`));
  if (carrier === CARRIER_B3_MULTI)
    fields.push(set('x-b3-spanid', span), set('x-b3-parentspanid', parent), set('x-b3-sampled', '1'));
  return fields;
}

function set(name: string, value: string): OwnField {
  return { name, value, replaces: true };
}

/** Digits are put where these zeros stand: cheaper than text made of pieces, for most requests carry a context. */
const value = constantBytes('00-00000000000000000000000000000000-0000000000000000-00');
const text = Buffer.from(value.buffer);
const digits = new DataView(value.buffer);
const FIELD: Inserted = { name: constantBytes('traceparent'), value };
const ALONE: readonly Inserted[] = [FIELD];
const WITH_ID: Inserted[] = [FIELD, FIELD];

function renderTraceparent({ trace, isSampled }: Draft): void {
  for (let i = 0; i < 4; i++) putHex(trace[i] as number, 3 + 8 * i);
  putHex(trace[4] as number, 36);
  putHex(trace[5] as number, 44);
  value[54] = isSampled ? ONE : ZERO;
}

function putHex(word: number, at: number): void {
  digits.setUint16(at, HEX_PAIRS[word >>> 24] as number);
  digits.setUint16(at + 2, HEX_PAIRS[(word >>> 16) & 0xff] as number);
  digits.setUint16(at + 4, HEX_PAIRS[(word >>> 8) & 0xff] as number);
  digits.setUint16(at + 6, HEX_PAIRS[word & 0xff] as number);
}

function hex(words: Int32Array, from: number, count: number): string {
  let text = '';
  for (let i = from; i < from + count; i++) text += (words[i] >>> 0).toString(16).padStart(8, '0');
  return text;
}
