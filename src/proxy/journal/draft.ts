/** What is noted of one request while it is under way. Drafts are used again and again: nothing is made for a request. */
import { copyBytes } from '../../core/piece.ts';
import type { MessageHead } from '../codec/message-head.ts';
import { NO_GRPC_STATUS } from '../grpc/grpc-status.ts';
import type { ResponseFlag } from '../response-flags.ts';
import type { LoadedRules, WantedFields } from './load-rules.ts';

/** Bytes of a request's texts, and the most of one of them. */
export const DRAFT_BYTES = 2048;
const MOST_TARGET = 1024;
const MOST_FIELD = 256;

export class Draft {
  readonly view = new DataView(new ArrayBuffer(DRAFT_BYTES));
  length = 0;
  rules: LoadedRules;
  logRule = -1;
  /** Logged when it took at least so long, in ms. */
  slowMs = Number.POSITIVE_INFINITY;
  traceRule = -1;
  bits = 0;
  /** ms of the reactor's clock. */
  startedAt = 0;
  /** -1: no answer has begun. */
  firstByteAt = -1;
  requestNumber = 0;
  status = 0;
  grpcStatus = NO_GRPC_STATUS;
  attempts = 0;
  /** Bytes of bodies. */
  received = 0;
  sent = 0;
  flag: ResponseFlag | '' = '';
  detail = '';
  /** JSON of RecordEvents without the brackets. */
  events = '';
  service = '';
  route = '';
  cluster = '';
  endpoint = '';
  /** Trace id, span id, parent's span id. */
  readonly trace = new Int32Array(8);
  /** Which fields its context came in, one of the CARRIER_ constants. */
  carrier = 0;
  isSampled = false;
  /** The answer's fields are there. */
  hasAnswer = false;

  constructor(rules: LoadedRules) {
    this.rules = rules;
  }

  reset(rules: LoadedRules, now: number): void {
    this.rules = rules;
    this.length = 0;
    this.logRule = -1;
    this.traceRule = -1;
    this.bits = 0;
    this.startedAt = now;
    this.firstByteAt = -1;
    this.requestNumber = 0;
    this.status = 0;
    this.grpcStatus = NO_GRPC_STATUS;
    this.attempts = 0;
    this.received = 0;
    this.sent = 0;
    this.flag = '';
    this.detail = '';
    this.events = '';
    this.service = '';
    this.route = '';
    this.cluster = '';
    this.endpoint = '';
    this.hasAnswer = false;
    this.isSampled = false;
  }

  /** Takes the texts of a request: id, method, target, authority, and the fields that the rules want. */
  takeRequest(bytes: Buffer, head: MessageHead): void {
    const { requestFields } = this.rules;
    const from = viewOf(bytes);
    requestFields.find(bytes, head);
    this.#putField(from, head, requestFields.found[0] as number);
    this.put(from, head.methodAt, head.methodLength, MOST_FIELD);
    if (head.targetLength > 0) this.put(from, head.targetAt, head.targetLength, MOST_TARGET);
    else this.put(from, head.pathAt, head.pathLength, MOST_TARGET);
    this.put(from, head.authorityAt, head.authorityLength, MOST_FIELD);
    this.#putFields(from, head, requestFields, 1);
  }

  /** No request was read: its texts are empty. */
  takeNothing(): void {
    const n = 3 + this.rules.requestFields.names.length;
    for (let i = 0; i < n; i++) this.view.setUint16(2 * i, 0);
    this.length = 2 * n;
  }

  /** Takes the fields of the answer that the rules want. */
  takeAnswer(bytes: Buffer, head: MessageHead): void {
    const { answerFields } = this.rules;
    if (this.hasAnswer || answerFields.names.length === 0) return;
    this.hasAnswer = true;
    answerFields.find(bytes, head);
    this.#putFields(viewOf(bytes), head, answerFields, 0);
  }

  #putFields(from: DataView, head: MessageHead, fields: WantedFields, first: number): void {
    for (let i = first; i < fields.names.length; i++) this.#putField(from, head, fields.found[i] as number);
  }

  #putField(from: DataView, head: MessageHead, field: number): void {
    if (field < 0) this.put(from, 0, 0, 0);
    else this.put(from, head.valueAt[field] as number, head.valueLength[field] as number, MOST_FIELD);
  }

  /** Puts one text behind the others: at most `most` bytes of it, and none when there is no room. */
  put(from: DataView, at: number, length: number, most: number): void {
    const to = this.length;
    let n = Math.min(length, most);
    if (to + 2 + n > DRAFT_BYTES) n = 0;
    if (to + 2 > DRAFT_BYTES) return;
    this.view.setUint16(to, n, true);
    this.length = to + 2 + n;
    copyBytes(from, at, n, this.view, to + 2);
  }
}

let lastBytes: Buffer = Buffer.alloc(0);
let lastView = new DataView(lastBytes.buffer);

/** Of the same bytes, which are those of one slab for the life of a thread. */
function viewOf(bytes: Buffer): DataView {
  if (bytes !== lastBytes) {
    lastBytes = bytes;
    lastView = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }
  return lastView;
}
