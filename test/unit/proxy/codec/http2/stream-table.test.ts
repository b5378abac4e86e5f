import t from 'tap';
import { PROTOCOL_ERROR, STREAM_CLOSED } from '../../../../../src/proxy/codec/http2/error-codes.ts';
import * as table from '../../../../../src/proxy/codec/http2/stream-table.ts';

const STATES = ['idle', 'open', 'half-closed (local)', 'half-closed (remote)', 'closed'] as const;

/** What RFC 9113 5.1 says, in words: a state, `ignored`, `-` (not for us to do), or the error. */
const EXPECTED: readonly (readonly [event: table.StreamEvent, name: string, ...outcomes: string[]])[] = [
  [table.RECEIVE_HEADERS, 'HEADERS', 'open', 'open', 'half-closed (local)', 'stream', 'connection'],
  [table.RECEIVE_DATA, 'DATA', 'protocol', 'open', 'half-closed (local)', 'stream', 'connection'],
  [table.RECEIVE_END, 'END_STREAM', 'protocol', 'half-closed (remote)', 'closed', 'stream', 'connection'],
  [table.RECEIVE_RESET, 'RST_STREAM', 'protocol', 'closed', 'closed', 'closed', 'ignored'],
  [
    table.RECEIVE_WINDOW_UPDATE,
    'WINDOW_UPDATE',
    'protocol',
    'open',
    'half-closed (local)',
    'half-closed (remote)',
    'ignored',
  ],
  [table.SEND_HEADERS, 'sending HEADERS', 'open', 'open', '-', 'half-closed (remote)', '-'],
  [table.SEND_DATA, 'sending DATA', '-', 'open', '-', 'half-closed (remote)', '-'],
  [table.SEND_END, 'sending END_STREAM', '-', 'half-closed (local)', '-', 'closed', '-'],
  [table.SEND_RESET, 'sending RST_STREAM', 'closed', 'closed', 'closed', 'closed', 'ignored'],
];

function word(outcome: number): string {
  if (outcome >= 0) return STATES[outcome] ?? 'nowhere';
  if (outcome === table.IGNORE) return 'ignored';
  if (outcome === table.FORBIDDEN) return '-';
  const code = table.errorOf(outcome);
  if (table.isConnectionError(outcome)) return code === PROTOCOL_ERROR ? 'protocol' : `connection`;
  return code === STREAM_CLOSED ? 'stream' : 'unknown';
}

for (const [event, name, ...outcomes] of EXPECTED) {
  t.test(`${name} does in every state what RFC 9113 5.1 says`, (t) => {
    const found = STATES.map((_, state) => word(table.nextState(state as table.StreamState, event)));
    t.same(found, outcomes);
    t.end();
  });
}

t.test('what a closed stream gets is an error of the connection with STREAM_CLOSED', (t) => {
  const outcome = table.nextState(table.CLOSED, table.RECEIVE_DATA);
  t.equal(table.errorOf(outcome), STREAM_CLOSED);
  t.ok(table.isConnectionError(outcome));
  t.end();
});
