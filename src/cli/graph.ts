/** `towpath graph`: who calls whom. */
import { CONNECTION_HELP, connectionOf, withControl } from './ask-control.ts';
import { askTraffic, noteGaps, TRAFFIC_HELP, TRAFFIC_OPTIONS, trafficQuery } from './ask-traffic.ts';
import type { Command, CommandIo } from './command.ts';
import { formatDot, formatGraph } from './format-graph.ts';
import { formatJson } from './output.ts';
import { parseWords, wrongUsage } from './parse-words.ts';

const HELP = `Shows who calls whom, with rates, success and latency. With SERVICE: who calls that service.

Usage:
  towpath graph [SERVICE] [--window TIME] [-o text|dot|json]

Options:
${TRAFFIC_HELP}  -o FORMAT         text (default); dot: for Graphviz; json
${CONNECTION_HELP}
Examples:
  towpath graph
  towpath graph orders -n shop --window 5m
  towpath graph -o dot | dot -Tsvg > mesh.svg
`;

const OPTIONS = { ...TRAFFIC_OPTIONS, format: { type: 'string', short: 'o', default: 'text' } } as const;

export const graphCommand: Command = {
  name: 'graph',
  summary: 'show who calls whom',
  help: HELP,
  completions: ['--window', '--inbound', '-n', '-o', '--server', '--mesh', '--creds', '--help'],
  run: runGraph,
};

async function runGraph(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseWords('graph', args, OPTIONS, 1);
  const { format } = values;
  if (!['text', 'dot', 'json'].includes(format))
    throw wrongUsage('graph', `-o must be text, dot or json, not ${format}`);
  const query = trafficQuery('graph', values, positionals[0]);
  return withControl(connectionOf('graph', values, io), async (client) => {
    const reply = await askTraffic(client, query);
    if (format === 'json') io.out(formatJson(reply));
    else if (format === 'dot') io.out(formatDot(reply));
    else {
      const text = formatGraph(reply, io);
      if (text === '') io.err(`nobody has called anybody in the last ${reply.windowSeconds} s\n`);
      io.out(text);
    }
    noteGaps(reply, io);
    return 0;
  });
}
