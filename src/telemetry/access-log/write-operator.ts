/** How each command operator writes itself from a record. */
import type { Operator, OperatorName, TowpathWord } from '../../contract/log-format.ts';
import { pieceOf } from '../../core/piece.ts';
import { grpcStatusName } from '../grpc-status-name.ts';
import { requestIdOf } from '../records/record-ids.ts';
import {
  AT_ATTEMPTS,
  AT_CLUSTER,
  AT_DURATION,
  AT_ENDING,
  AT_ENDPOINT,
  AT_FIRST_BYTE,
  AT_FLAG,
  AT_GRPC_STATUS,
  AT_REASON,
  AT_RECEIVED,
  AT_REQUEST,
  AT_REQUEST_NUMBER,
  AT_ROUTE,
  AT_SENT,
  AT_SERVICE,
  AT_STARTED,
  AT_STATUS,
  AT_TRACE,
  BIT_HTTP2,
  BIT_INBOUND,
  BIT_OLD,
  BIT_TRACED,
  KIND_REQUEST,
  TEXT_AUTHORITY,
  TEXT_CLIENT,
  TEXT_CONNECTION,
  TEXT_DESTINATION,
  TEXT_DETAIL,
  TEXT_FIELDS,
  TEXT_METHOD,
  TEXT_PRINCIPAL,
  TEXT_REQUEST_ID,
  TEXT_TARGET,
} from '../records/record-layout.ts';
import type { RecordView } from '../records/record-view.ts';
import { writeIsoTime } from './iso-time.ts';
import type { LineWriter } from './line-writer.ts';
import {
  constant,
  fieldText,
  type WriteOperator,
  withoutPort,
  word,
  writeHex,
  writeNumber,
  writeText,
} from './write-value.ts';

/** What a format is written with beside the record. */
export interface Places {
  readonly host: string;
  /** Names of the header fields in the order in which records have them: of requests, then of answers. */
  readonly requestFields: readonly string[];
  readonly answerFields: readonly string[];
}

export function writerOf(operator: Operator, places: Places): WriteOperator {
  const { name, args, most } = operator;
  switch (name) {
    case 'START_TIME':
      return startTime(args[0] ?? '');
    case 'REQ':
      return firstOf(args.map((field) => requestField(field, places, most)));
    case 'RESP':
      return firstOf(
        args.map((field) =>
          fieldText(TEXT_FIELDS + places.requestFields.length + places.answerFields.indexOf(field), most),
        ),
      );
    case 'TOWPATH':
      return towpathWord(args[0] as TowpathWord, places.host);
    case 'GRPC_STATUS':
      return grpcStatus(args[0] ?? '');
    case 'HOSTNAME':
      return constant(places.host);
    default:
      return SIMPLE[name];
  }
}

type Simple = Exclude<OperatorName, 'START_TIME' | 'REQ' | 'RESP' | 'TOWPATH' | 'GRPC_STATUS' | 'HOSTNAME'>;

const SIMPLE: Readonly<Record<Simple, WriteOperator>> = {
  PROTOCOL: (view, out) => {
    if (view.kind !== KIND_REQUEST) return false;
    out.literal(view.has(BIT_HTTP2) ? HTTP2 : view.has(BIT_OLD) ? HTTP10 : HTTP11);
    return true;
  },
  RESPONSE_CODE: (view, out) => writeNumber(out, view.int(AT_STATUS)),
  RESPONSE_CODE_DETAILS: (view, out, isText) => {
    if (view.kind !== KIND_REQUEST) return false;
    if (view.textLength[TEXT_DETAIL] > 0) return writeText(view, out, TEXT_DETAIL, 0, isText);
    out.literal(VIA_UPSTREAM);
    return true;
  },
  RESPONSE_FLAGS: word(AT_FLAG),
  CONNECTION_TERMINATION_DETAILS: (view, out, isText) =>
    view.kind !== KIND_REQUEST && writeText(view, out, TEXT_DETAIL, 0, isText),
  UPSTREAM_TRANSPORT_FAILURE_REASON: (view, out, isText) =>
    view.word(AT_FLAG) === 'UF' && writeText(view, out, TEXT_DETAIL, 0, isText),
  BYTES_RECEIVED: (view, out) => writeNumber(out, view.double(AT_RECEIVED)),
  BYTES_SENT: (view, out) => writeNumber(out, view.double(AT_SENT)),
  DURATION: (view, out) => writeNumber(out, view.double(AT_DURATION)),
  RESPONSE_DURATION: (view, out) => view.double(AT_FIRST_BYTE) >= 0 && writeNumber(out, view.double(AT_FIRST_BYTE)),
  RESPONSE_TX_DURATION: (view, out) =>
    view.double(AT_FIRST_BYTE) >= 0 && writeNumber(out, view.double(AT_DURATION) - view.double(AT_FIRST_BYTE)),
  UPSTREAM_HOST: word(AT_ENDPOINT),
  UPSTREAM_REMOTE_ADDRESS: word(AT_ENDPOINT),
  UPSTREAM_CLUSTER: word(AT_CLUSTER),
  UPSTREAM_REQUEST_ATTEMPT_COUNT: (view, out) => view.kind === KIND_REQUEST && writeNumber(out, view.int(AT_ATTEMPTS)),
  ROUTE_NAME: word(AT_ROUTE),
  DOWNSTREAM_REMOTE_ADDRESS: fieldText(TEXT_CLIENT, 0),
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS: fieldText(TEXT_CLIENT, 0),
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: withoutPort(TEXT_CLIENT),
  DOWNSTREAM_LOCAL_ADDRESS: fieldText(TEXT_DESTINATION, 0),
  DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: withoutPort(TEXT_DESTINATION),
  DOWNSTREAM_LOCAL_PORT: (view, out, isText) => {
    const text = view.text(TEXT_DESTINATION);
    out.text(text.slice(text.lastIndexOf(':') + 1), isText);
    return text !== '';
  },
  DOWNSTREAM_PEER_URI_SAN: fieldText(TEXT_PRINCIPAL, 0),
  GRPC_STATUS_NUMBER: (view, out) => view.int(AT_GRPC_STATUS) >= 0 && writeNumber(out, view.int(AT_GRPC_STATUS)),
  TRACE_ID: (view, out) => view.has(BIT_TRACED) && writeHex(view, out, AT_TRACE, 4),
  SPAN_ID: (view, out) => view.has(BIT_TRACED) && writeHex(view, out, AT_TRACE + 16, 2),
  CONNECTION_ID: fieldText(TEXT_CONNECTION, 0),
  STREAM_ID: writeOwnId,
};

const HTTP2 = pieceOf('HTTP/2');
const HTTP11 = pieceOf('HTTP/1.1');
const HTTP10 = pieceOf('HTTP/1.0');
const VIA_UPSTREAM = pieceOf('via_upstream');

/** As `ownIdOf` has it. */
function writeOwnId(view: RecordView, out: LineWriter, isText: boolean): boolean {
  writeText(view, out, TEXT_CONNECTION, 0, isText);
  if (view.kind !== KIND_REQUEST) return true;
  out.byte(DASH);
  out.number(view.int(AT_REQUEST));
  return true;
}
const DASH = 0x2d;

/** As `requestIdOf` has it. */
function writeRequestId(view: RecordView, out: LineWriter, isText: boolean): boolean {
  const number = view.int(AT_REQUEST_NUMBER);
  if (number === 0) return writeText(view, out, TEXT_REQUEST_ID, 0, isText);
  out.literal(view.requestIdPiece);
  out.hexWord(number);
  return true;
}

function partOfRequestId(most: number): WriteOperator {
  return (view, out, isText) => {
    const id = requestIdOf(view);
    out.text(id.slice(0, most), isText);
    return id !== '';
  };
}

function startTime(format: string): WriteOperator {
  return (view, out) => {
    const ms = view.double(AT_STARTED);
    if (format === '%s') return writeNumber(out, Math.floor(ms / 1000));
    if (format === '%s.%3f') out.text((ms / 1000).toFixed(3), true);
    else writeIsoTime(out, ms);
    return true;
  };
}

function firstOf(writers: readonly WriteOperator[]): WriteOperator {
  const [first, second] = writers;
  if (second === undefined) return first;
  return (view, out, isText) => first(view, out, isText) || second(view, out, isText);
}

function requestField(field: string, { requestFields }: Places, most: number): WriteOperator {
  switch (field) {
    case ':method':
      return fieldText(TEXT_METHOD, most);
    case ':path':
      return fieldText(TEXT_TARGET, most);
    case ':authority':
      return fieldText(TEXT_AUTHORITY, most);
    case ':scheme':
      return (view, out) => {
        if (view.kind !== KIND_REQUEST) return false;
        out.literal(HTTP);
        return true;
      };
    case 'x-request-id':
      return most === 0 ? writeRequestId : partOfRequestId(most);
    default:
      return fieldText(TEXT_FIELDS + requestFields.indexOf(field), most);
  }
}
const HTTP = pieceOf('http');

function towpathWord(what: TowpathWord, host: string): WriteOperator {
  switch (what) {
    case 'direction':
      return (view, out) => {
        out.literal(view.has(BIT_INBOUND) ? INBOUND : OUTBOUND);
        return true;
      };
    case 'service':
      return word(AT_SERVICE);
    case 'host':
      return constant(host);
    case 'verdict':
      return word(AT_REASON);
    case 'ending':
      return word(AT_ENDING);
    case 'attempts':
      return SIMPLE.UPSTREAM_REQUEST_ATTEMPT_COUNT;
  }
}
const INBOUND = pieceOf('inbound');
const OUTBOUND = pieceOf('outbound');

function grpcStatus(form: string): WriteOperator {
  return (view, out, isText) => {
    const status = view.int(AT_GRPC_STATUS);
    if (status < 0) return false;
    const name = grpcStatusName(String(status));
    out.text(form === 'NUMBER' ? String(status) : form === 'SNAKE_STRING' ? name : camelCase(name), isText);
    return true;
  };
}

/** `DEADLINE_EXCEEDED` -> `DeadlineExceeded`; OK stays, and Envoy spells Canceled so. */
function camelCase(name: string): string {
  if (name === 'OK' || name === 'CANCELLED') return name === 'OK' ? name : 'Canceled';
  return name.toLowerCase().replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
