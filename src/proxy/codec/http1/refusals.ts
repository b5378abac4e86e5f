/**
 * Every reason why a message is refused: a closed set, each with the status for the client, one plain sentence and the
 * rule behind it. Ambiguous messages are refused, never repaired, and the connection closes.
 */
export interface Refusal {
  readonly id: RefusalId;
  /** Status for the client; a refused response always becomes 502. */
  readonly status: 400 | 414 | 431 | 501 | 502 | 505;
  /** One sentence without subject: "The request was refused: " goes before it. No full stop. */
  readonly sentence: string;
  /** Such as `RFC 9112 6.1`. */
  readonly source: string;
}

type Row = readonly [status: Refusal['status'], sentence: string, source: string];

const ROWS = {
  'bad-start-line': [400, 'the first line is not a valid HTTP/1 start line', 'RFC 9112 3, 4'],
  'empty-lines': [400, 'too many empty lines come before the first line', 'RFC 9112 2.2'],
  'bare-line-break': [400, 'a line ends in a lone CR or LF instead of CRLF', 'RFC 9112 2.2'],
  'bad-method': [400, 'the method is not a token of at most 64 characters', 'RFC 9110 9.1'],
  'bad-target': [400, 'the request target has an invalid form or character', 'RFC 9112 3.2'],
  'line-too-long': [414, 'the request line is longer than the limit', 'RFC 9112 3'],
  'bad-version': [505, 'the HTTP version is neither 1.0 nor 1.1', 'RFC 9110 2.5'],
  'bad-status': [400, 'the status code is below 100', 'RFC 9110 15'],
  'head-too-large': [431, 'the head is larger than the limit', 'RFC 6585 5'],
  'too-many-fields': [431, 'there are more header fields than the limit', 'RFC 6585 5'],
  'bad-field': [400, 'a header field has an invalid name, character or line break', 'RFC 9112 5'],
  'space-before-colon': [400, 'there is white space before a colon or before a header field', 'RFC 9112 5.1, 5.2'],
  'no-host': [400, 'the Host field is missing', 'RFC 9112 3.2'],
  'two-hosts': [400, 'there is more than one Host field', 'RFC 9112 3.2'],
  'bad-host': [400, 'the Host field is not a valid host and port', 'RFC 9112 3.2'],
  'bad-length': [400, 'Content-Length is not one plain decimal number', 'RFC 9110 8.6'],
  'two-lengths': [400, 'there is more than one Content-Length', 'RFC 9112 6.3'],
  'length-and-encoding': [400, 'Content-Length and Transfer-Encoding are both present', 'RFC 9112 6.1'],
  'bad-encoding': [400, 'Transfer-Encoding does not end in exactly one "chunked"', 'RFC 9112 6.1'],
  'unknown-encoding': [501, 'the transfer coding is not supported in a request', 'RFC 9112 6.1'],
  'encoding-in-1.0': [400, 'Transfer-Encoding is used in an HTTP/1.0 message', 'RFC 9112 6.1'],
  'interim-in-1.0': [400, 'an interim answer says HTTP/1.0, which knows none', 'RFC 9110 15.2'],
  'interim-with-body': [400, 'an interim answer announces a body', 'RFC 9110 15.2'],
  'too-many-options': [400, 'the Connection field names too many options', 'RFC 9110 7.6.1'],
  'upgrade-with-body': [400, 'a protocol upgrade is asked for together with a body', 'RFC 9110 7.8'],
  'unexpected-101': [502, 'the server switched to a protocol that was not offered', 'RFC 9110 15.2.2'],
  'bad-chunk': [400, 'the chunked body or its trailer section is malformed', 'RFC 9112 7.1'],
  'chunk-line-too-long': [400, 'a chunk line or its extensions are longer than the limit', 'RFC 9112 7.1.1'],
  'trailer-too-large': [431, 'the trailer section is larger than the limit', 'RFC 6585 5'],
} as const satisfies Record<string, Row>;

export type RefusalId = keyof typeof ROWS;

function table(toStatus: (row: Row) => Refusal['status']): Readonly<Record<RefusalId, Refusal>> {
  const built: Partial<Record<RefusalId, Refusal>> = {};
  for (const [id, row] of Object.entries(ROWS) as [RefusalId, Row][]) {
    built[id] = Object.freeze({ id, status: toStatus(row), sentence: row[1], source: row[2] });
  }
  return Object.freeze(built) as Readonly<Record<RefusalId, Refusal>>;
}

const REQUEST_REFUSALS = table((row) => row[0]);
const RESPONSE_REFUSALS = table(() => 502);

/** The refusal of that name for a message from the client, or from the server. */
export function refusal(id: RefusalId, isRequest: boolean): Refusal {
  return isRequest ? REQUEST_REFUSALS[id] : RESPONSE_REFUSALS[id];
}
