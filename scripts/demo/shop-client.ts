/**
 * The shop's program in the demo: plain node:http, no library of ours. Eight keep-alive connections ask in turn, at a steady
 * rate, and every single outcome is counted. Commands on standard input, one answer line (JSON) each:
 *   take   what happened since the last take
 *   stop   finish what is under way, answer a last time, end
 *
 * Usage: node shop-client.ts URL REQUESTS_PER_SECOND
 */
import { Agent, get } from 'node:http';
import { createInterface } from 'node:readline';

const [url = '', rate = '200'] = process.argv.slice(2);
const CONNECTIONS = 8;
const TIMEOUT_MS = 5_000;
const pauseMs = (1000 * CONNECTIONS) / Number(rate);
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });

interface Tally {
  sent: number;
  ok: number;
  /** Answers by X-Version. */
  versions: Record<string, number>;
  /** Everything else, by status code or error code. */
  lost: Record<string, number>;
  slowestMs: number;
}

const emptyTally = (): Tally => ({ sent: 0, ok: 0, versions: {}, lost: {}, slowestMs: 0 });
let tally = emptyTally();
let stopping = false;

function bump(counts: Record<string, number>, key: string): void {
  counts[key] = (counts[key] ?? 0) + 1;
}

/** One request to its end; never throws. */
async function ask(): Promise<void> {
  const started = performance.now();
  await new Promise<void>((resolve) => {
    const lose = (error: NodeJS.ErrnoException): void => {
      bump(tally.lost, error.code ?? error.message);
      resolve();
    };
    const request = get(url, { agent, timeout: TIMEOUT_MS }, (response) => {
      response.on('error', lose).on('end', () => {
        if (response.statusCode === 200) {
          tally.ok++;
          bump(tally.versions, String(response.headers['x-version']));
        } else bump(tally.lost, String(response.statusCode));
        resolve();
      });
      response.resume();
    });
    request.on('error', lose).on('timeout', () => request.destroy(new Error('timeout')));
  });
  tally.sent++;
  tally.slowestMs = Math.max(tally.slowestMs, performance.now() - started);
}

async function keepAsking(index: number): Promise<void> {
  let next = performance.now() + (pauseMs * index) / CONNECTIONS;
  while (!stopping) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - performance.now())));
    next = Math.max(next + pauseMs, performance.now() - pauseMs); // do not pile up after a pause
    await ask();
  }
}

function answer(): void {
  process.stdout.write(`${JSON.stringify(tally)}\n`);
  tally = emptyTally();
}

const all = Promise.all(Array.from({ length: CONNECTIONS }, (_, i) => keepAsking(i)));
createInterface({ input: process.stdin }).on('line', (line) => {
  if (line === 'take') return answer();
  stopping = true;
  void all.then(() => {
    answer();
    process.exit(0);
  });
});
