/**
 * Run inside a host: keep-alive HTTP clients that request one URL until standard input ends (or `--count` requests are
 * made), then report as JSON. A client whose connection is lost counts that, and goes on with a new one.
 *
 *     node http-load.ts URL CLIENTS PAUSE_MS [COUNT] [HEADER:VALUE]
 */
import { Agent, request } from 'node:http';

const [url = '', clients = '1', pauseMs = '0', count = '0', header = ''] = process.argv.slice(2);
const [headerName = '', headerValue = ''] = header.split(':');
const headers = headerName === '' ? {} : { [headerName]: headerValue };
const REQUEST_LIMIT_MS = 15_000;
const MAX_PROBLEMS = 20;

let stopping = false;
/** Clients that have had an answer, good or bad. */
let began = 0;
let left = Number(count) > 0 ? Number(count) : Number.POSITIVE_INFINITY;
const report = {
  requests: 0,
  /** Not answered with 200. */
  failed: 0,
  connections: 0,
  answers: {} as Record<string, number>,
  problems: [] as string[],
  slowestMs: 0,
};

function count1(table: Record<string, number>, key: string): void {
  table[key] = (table[key] ?? 0) + 1;
}

function requestOnce(agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const exchange = request(url, { agent, headers, timeout: REQUEST_LIMIT_MS }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
      });
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200) resolve(body.trim());
        else reject(new Error(`${response.statusCode}: ${body.trim()}`));
      });
    });
    exchange.on('socket', () => {
      if (!exchange.reusedSocket) report.connections++;
    });
    exchange.on('timeout', () => exchange.destroy(new Error(`no answer within ${REQUEST_LIMIT_MS} ms`)));
    exchange.on('error', reject);
    exchange.end();
  });
}

async function runClient(): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let first = true;
  while (!stopping && left-- > 0) {
    const started = performance.now();
    try {
      count1(report.answers, await requestOnce(agent));
    } catch (error) {
      report.failed++;
      if (report.problems.length < MAX_PROBLEMS) report.problems.push(String(error));
    }
    if (first && ++began === Number(clients)) process.stderr.write('began\n');
    first = false;
    report.requests++;
    report.slowestMs = Math.max(report.slowestMs, Math.round(performance.now() - started));
    if (Number(pauseMs) > 0) await new Promise((resolve) => setTimeout(resolve, Number(pauseMs)));
  }
  agent.destroy();
}

process.stdin.resume().on('end', () => {
  stopping = true;
});
await Promise.all(Array.from({ length: Number(clients) }, runClient));
process.stdin.destroy();
process.stdout.write(`${JSON.stringify(report)}\n`);
