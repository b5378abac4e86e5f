/**
 * Formats of the access log in Envoy's command operators (`%START_TIME%`, `%REQ(X?Y):Z%`): parsed and checked here, written by
 * src/telemetry/access-log. What we cannot say is refused rather than left empty.
 */
import type { Problem } from '../core/errors.ts';
import { err, ok, type Result } from '../core/result.ts';

/** What an operator writes, and how JSON shows it. */
const OPERATORS = {
  START_TIME: 'text',
  PROTOCOL: 'text',
  RESPONSE_CODE: 'number',
  RESPONSE_CODE_DETAILS: 'text',
  RESPONSE_FLAGS: 'text',
  CONNECTION_TERMINATION_DETAILS: 'text',
  UPSTREAM_TRANSPORT_FAILURE_REASON: 'text',
  BYTES_RECEIVED: 'number',
  BYTES_SENT: 'number',
  DURATION: 'number',
  RESPONSE_DURATION: 'number',
  RESPONSE_TX_DURATION: 'number',
  UPSTREAM_HOST: 'text',
  UPSTREAM_REMOTE_ADDRESS: 'text',
  UPSTREAM_CLUSTER: 'text',
  UPSTREAM_REQUEST_ATTEMPT_COUNT: 'number',
  ROUTE_NAME: 'text',
  DOWNSTREAM_REMOTE_ADDRESS: 'text',
  DOWNSTREAM_DIRECT_REMOTE_ADDRESS: 'text',
  DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT: 'text',
  DOWNSTREAM_LOCAL_ADDRESS: 'text',
  DOWNSTREAM_LOCAL_ADDRESS_WITHOUT_PORT: 'text',
  DOWNSTREAM_LOCAL_PORT: 'text',
  DOWNSTREAM_PEER_URI_SAN: 'text',
  GRPC_STATUS: 'text',
  GRPC_STATUS_NUMBER: 'number',
  TRACE_ID: 'text',
  SPAN_ID: 'text',
  CONNECTION_ID: 'text',
  STREAM_ID: 'text',
  HOSTNAME: 'text',
  REQ: 'text',
  RESP: 'text',
  TOWPATH: 'text',
} as const satisfies Record<string, 'text' | 'number'>;

export type OperatorName = keyof typeof OPERATORS;
/** What `%TOWPATH(...)%` knows beyond Envoy. */
export const TOWPATH_WORDS = ['direction', 'service', 'host', 'verdict', 'ending', 'attempts'] as const;
export type TowpathWord = (typeof TOWPATH_WORDS)[number];

export interface Operator {
  readonly name: OperatorName;
  readonly type: 'text' | 'number';
  /** REQ and RESP: names in lower case, the first that is there counts. START_TIME: its format. TOWPATH: one of TOWPATH_WORDS. */
  readonly args: readonly string[];
  /** Most characters; 0 = as many as there are. */
  readonly most: number;
}

export type Piece = { readonly literal: string } | { readonly operator: Operator };

/** Keys and what each says; more than one piece makes a text. */
export type LogFormat =
  | { readonly type: 'text'; readonly pieces: readonly Piece[] }
  | { readonly type: 'json'; readonly fields: readonly { readonly key: string; readonly pieces: readonly Piece[] }[] };

const WITH_FIELDS: ReadonlySet<string> = new Set(['REQ', 'RESP']);
/** Fields of the request that are no headers. */
const PSEUDO: ReadonlySet<string> = new Set([':method', ':path', ':authority', ':scheme']);
const START_TIMES: ReadonlySet<string> = new Set(['%s', '%s.%3f', '%Y-%m-%dT%H:%M:%S.%3fZ', '%Y-%m-%dT%H:%M:%S%z']);
const COMMAND = /^%([A-Z_]+)(?:\(([^()]*)\))?(?::([0-9]{1,5}))?%/;

/** A line of text, with its pieces. */
export function parseTextFormat(text: string): Result<LogFormat, Problem> {
  const pieces = parsePieces(text);
  return pieces.ok ? ok({ type: 'text', pieces: pieces.value }) : pieces;
}

/** An object whose values are formats; it is written in this order. */
export function parseJsonFormat(fields: Readonly<Record<string, string>>): Result<LogFormat, Problem> {
  const parsed: { key: string; pieces: readonly Piece[] }[] = [];
  for (const [key, text] of Object.entries(fields)) {
    const pieces = parsePieces(text);
    if (!pieces.ok) return err({ ...pieces.error, message: `${pieces.error.message} of "${key}"` });
    parsed.push({ key, pieces: pieces.value });
  }
  return ok({ type: 'json', fields: parsed });
}

function parsePieces(text: string): Result<Piece[], Problem> {
  const pieces: Piece[] = [];
  let literal = '';
  for (let at = 0; at < text.length; ) {
    if (text[at] !== '%') literal += text[at++];
    else if (text[at + 1] === '%') {
      literal += '%';
      at += 2;
    } else {
      const command = COMMAND.exec(withoutInnerPercents(text.slice(at)));
      if (command === null)
        return refuse(at, `"${text.slice(at, at + 20)}" is no command operator; a percent sign is written %%`);
      const operator = readOperator(command[1] ?? '', restorePercents(command[2]), command[3], at);
      if (!operator.ok) return operator;
      if (literal !== '') pieces.push({ literal });
      literal = '';
      pieces.push({ operator: operator.value });
      at += command[0].length;
    }
  }
  if (literal !== '') pieces.push({ literal });
  return ok(pieces);
}

/** `%START_TIME(%s.%3f)%`: percent signs inside parentheses do not end the operator. One character stands for one. */
function withoutInnerPercents(text: string): string {
  return text.replace(/\([^()]*\)/, (inner) => inner.replaceAll('%', INNER));
}

function restorePercents(text: string | undefined): string | undefined {
  return text?.replaceAll(INNER, '%');
}
const INNER = '\u0001';

function readOperator(
  name: string,
  argument: string | undefined,
  most: string | undefined,
  at: number,
): Result<Operator, Problem> {
  if (!isOperator(name)) return refuse(at, `there is no operator %${name}% here`);
  const args = readArguments(name, argument);
  if (typeof args === 'string') return refuse(at, args);
  return ok({ name, type: OPERATORS[name], args, most: most === undefined ? 0 : Number(most) });
}

function isOperator(name: string): name is OperatorName {
  return Object.hasOwn(OPERATORS, name);
}

/** The arguments, or why they will not do. */
function readArguments(name: OperatorName, argument: string | undefined): readonly string[] | string {
  if (WITH_FIELDS.has(name)) {
    const names = (argument ?? '').toLowerCase().split('?');
    const wrong = names.find((one) => !/^[!#$%&'*+.^_`|~0-9a-z-]{1,64}$/.test(one) && !PSEUDO.has(one));
    if (wrong !== undefined || names.length > 2)
      return `%${name}(X?Y)% takes the name of a field, and of a second one that is used where the first is missing`;
    return names;
  }
  if (name === 'START_TIME')
    return argument === undefined || START_TIMES.has(argument)
      ? [argument ?? '']
      : `%START_TIME% knows the formats ${[...START_TIMES].join(', ')}`;
  if (name === 'TOWPATH')
    return TOWPATH_WORDS.some((word) => word === argument)
      ? [argument ?? '']
      : `%TOWPATH(...)% knows ${TOWPATH_WORDS.join(', ')}`;
  if (name === 'GRPC_STATUS') return [argument ?? 'CAMEL_STRING'];
  return argument === undefined ? [] : `%${name}% takes no argument`;
}

function refuse(at: number, what: string): Result<never, Problem> {
  return err({
    code: 'TWP2005',
    message: `${what} (character ${at + 1})`,
    hint: `operators: ${Object.keys(OPERATORS).join(', ')}`,
  });
}

/** Names of the header fields that a format wants to be noted, of requests and of answers. */
export function fieldsOf(format: LogFormat): {
  readonly request: readonly string[];
  readonly answer: readonly string[];
} {
  const pieces = format.type === 'text' ? format.pieces : format.fields.flatMap((field) => field.pieces);
  const request = new Set<string>();
  const answer = new Set<string>();
  for (const piece of pieces) {
    if ('literal' in piece) continue;
    const { name, args } = piece.operator;
    if (name === 'REQ') for (const one of args) if (!PSEUDO.has(one) && one !== 'x-request-id') request.add(one);
    if (name === 'RESP') for (const one of args) if (!PSEUDO.has(one)) answer.add(one);
  }
  return { request: [...request], answer: [...answer] };
}

/** Keys as Istio's JSON log has them. */
export const DEFAULT_JSON: Readonly<Record<string, string>> = {
  start_time: '%START_TIME%',
  direction: '%TOWPATH(direction)%',
  method: '%REQ(:METHOD)%',
  path: '%REQ(X-ENVOY-ORIGINAL-PATH?:PATH)%',
  protocol: '%PROTOCOL%',
  response_code: '%RESPONSE_CODE%',
  response_flags: '%RESPONSE_FLAGS%',
  response_code_details: '%RESPONSE_CODE_DETAILS%',
  bytes_received: '%BYTES_RECEIVED%',
  bytes_sent: '%BYTES_SENT%',
  duration: '%DURATION%',
  upstream_service_time: '%RESPONSE_DURATION%',
  x_forwarded_for: '%REQ(X-FORWARDED-FOR)%',
  user_agent: '%REQ(USER-AGENT)%',
  request_id: '%REQ(X-REQUEST-ID)%',
  authority: '%REQ(:AUTHORITY)%',
  upstream_host: '%UPSTREAM_HOST%',
  upstream_cluster: '%UPSTREAM_CLUSTER%',
  service: '%TOWPATH(service)%',
  route_name: '%ROUTE_NAME%',
  downstream_local_address: '%DOWNSTREAM_LOCAL_ADDRESS%',
  downstream_remote_address: '%DOWNSTREAM_REMOTE_ADDRESS%',
  downstream_peer_uri_san: '%DOWNSTREAM_PEER_URI_SAN%',
  trace_id: '%TRACE_ID%',
  id: '%STREAM_ID%',
};

/** Envoy's own format, and behind it what Istio adds. */
export const DEFAULT_TEXT =
  '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% %RESPONSE_FLAGS% ' +
  '%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESPONSE_DURATION% "%REQ(X-FORWARDED-FOR)%" "%REQ(USER-AGENT)%" ' +
  '"%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%" "%RESPONSE_CODE_DETAILS%" %UPSTREAM_CLUSTER% ' +
  '%DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% %ROUTE_NAME% %STREAM_ID%';
