/** Who calls whom, as text and as DOT (Graphviz). Pure. */
import type { MetricsReply } from '../contract/mesh-metrics.ts';
import type { CommandIo } from './command.ts';
import { bytesText, isBusy, latencyText, nameOf, rateText, successText } from './format-traffic.ts';
import { paint, plainLines } from './output.ts';

type Edge = MetricsReply['edges'][number];
const UNKNOWN = '(unknown)';
const OUTSIDE = '(outside the mesh)';

/** Calls that had traffic, the busiest of each caller first. */
function busyEdges({ edges }: MetricsReply): Edge[] {
  return edges
    .filter(isBusy)
    .toSorted(
      (a, b) =>
        compareText(a.caller, b.caller) ||
        b.requestsPerSecond + b.connectionsPerSecond - a.requestsPerSecond - a.connectionsPerSecond ||
        compareText(a.service, b.service),
    );
}

/**
 *     shop/web
 *       -> shop/orders  212 req/s  99.98%  p99 12ms
 *       -> shop/cache   3.10 conn/s  in 1.2KiB/s  out 40.0KiB/s
 */
export function formatGraph(reply: MetricsReply, io: Pick<CommandIo, 'colour'>): string {
  const edges = busyEdges(reply);
  const width = Math.max(0, ...edges.map(({ service }) => nameOf(service, OUTSIDE).length));
  let caller: string | null = null;
  let text = '';
  for (const edge of edges) {
    if (edge.caller !== caller) text += `${paint(io, 'bold', plain(nameOf(edge.caller, UNKNOWN)))}\n`;
    caller = edge.caller;
    text += `  -> ${plain(nameOf(edge.service, OUTSIDE)).padEnd(width)}  ${wordsOf(edge).join('  ')}\n`;
  }
  return text;
}

/** A digraph of Graphviz: `towpath graph -o dot | dot -Tsvg`. */
export function formatDot(reply: MetricsReply): string {
  const lines = busyEdges(reply).map((edge) => {
    const colour = edge.success !== null && edge.success < 0.99 ? ', color="red"' : '';
    const from = quoted(nameOf(edge.caller, UNKNOWN));
    const to = quoted(nameOf(edge.service, OUTSIDE));
    return `  ${from} -> ${to} [label=${quoted(wordsOf(edge).join('\n'))}${colour}];\n`;
  });
  return `digraph towpath {\n  rankdir="LR";\n  node [shape="box"];\n${lines.join('')}}\n`;
}

function wordsOf(edge: Edge): string[] {
  const words: string[] = [];
  if (edge.requestsPerSecond > 0) words.push(`${rateText(edge.requestsPerSecond)} req/s`);
  if (edge.success !== null) words.push(successText(edge.success));
  if (edge.p99Ms !== null) words.push(`p99 ${latencyText(edge.p99Ms)}`);
  if (edge.connectionsPerSecond > 0) words.push(`${rateText(edge.connectionsPerSecond)} conn/s`);
  if (edge.receivedBytesPerSecond > 0) words.push(`in ${bytesText(edge.receivedBytesPerSecond)}/s`);
  if (edge.sentBytesPerSecond > 0) words.push(`out ${bytesText(edge.sentBytesPerSecond)}/s`);
  return words;
}

/** DOT's double-quoted string; names come from outside. */
function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

function plain(name: string): string {
  return plainLines(name).replaceAll('\n', ' ');
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
