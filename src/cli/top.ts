/** `towpath top`: the services of the mesh, how often they are called, how well and how fast. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CONNECTION_HELP, connectionOf, withControl } from './ask-control.ts';
import { askTraffic, noteGaps, TRAFFIC_HELP, TRAFFIC_OPTIONS, trafficQuery } from './ask-traffic.ts';
import type { Command, CommandIo } from './command.ts';
import { formatTop, TOP_ORDERS, type TopOrder } from './format-traffic.ts';
import { formatJson } from './output.ts';
import { parseCount } from './parse-count.ts';
import { parseWords, wrongUsage } from './parse-words.ts';

const HELP = `Shows services with their requests per second, the part of them that succeeded, and how long they took (p50, p95, p99). For what is not HTTP:
connections per second and bytes. Success: answered, and not 5xx (gRPC: no status that blames the server).

Usage:
  towpath top [SERVICE] [--watch] [--by ORDER] [--rows COUNT] [--window TIME] [-o json]

Options:
  --watch           again every two seconds, until interrupted; agents report more often meanwhile
  --by ORDER        rate (default), errors, p99 or name
  --rows COUNT      at most so many services (default: 40)
${TRAFFIC_HELP}  -o json           as JSON
${CONNECTION_HELP}
Examples:
  towpath top --watch
  towpath top --by errors --window 5m
  towpath top orders -n shop
`;

const OPTIONS = {
  ...TRAFFIC_OPTIONS,
  watch: { type: 'boolean', default: false },
  by: { type: 'string', default: 'rate' },
  rows: { type: 'string', default: '40' },
  output: { type: 'string', short: 'o' },
} as const;

const WATCH_MS = 2_000;
/** Clears a terminal. */
const CLEAR = '\u001b[H\u001b[2J';

export const topCommand: Command = {
  name: 'top',
  summary: 'show services with their rate, success and latency',
  help: HELP,
  completions: [
    '--watch',
    '--by',
    '--rows',
    '--window',
    '--inbound',
    '-n',
    '-o',
    '--server',
    '--mesh',
    '--creds',
    '--help',
  ],
  run: runTop,
};

async function runTop(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseWords('top', args, OPTIONS, 1);
  const { by, watch, output } = values;
  if (!isOrder(by)) throw wrongUsage('top', `--by must be ${TOP_ORDERS.join(', ')}, not ${by}`);
  const rows = parseCount('top', '--rows', values.rows);
  const query = { ...trafficQuery('top', values, positionals[0]), watch };
  return withControl(connectionOf('top', values, io), async (client) => {
    for (;;) {
      const reply = await askTraffic(client, query);
      if (output === 'json') io.out(formatJson(reply));
      else io.out(`${watch && io.colour ? CLEAR : ''}${formatTop(reply, by, rows, io)}`);
      noteGaps(reply, io);
      if (!watch) return 0;
      if (!io.colour && output !== 'json') io.out('\n');
      await sleep(WATCH_MS);
    }
  });
}

function isOrder(word: string): word is TopOrder {
  return (TOP_ORDERS as readonly string[]).includes(word);
}
