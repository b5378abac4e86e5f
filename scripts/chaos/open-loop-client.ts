/**
 * Run inside the caller's host; plain node:http, nothing of ours. Open loop: request k leaves at start + k / rate, whatever became of
 * the earlier ones, on an idle connection or on a new one, and its latency counts from when it was due. Commands on standard input:
 *   take   one line of JSON (Tally) with all requests that were due since the last take, once the last of them has ended
 *
 * node open-loop-client.ts ADDRESS PORT HOST RATE
 */
import { Agent, type IncomingMessage, request } from 'node:http';
import { createInterface } from 'node:readline';

const [address = '', port = '80', host = '', rate = '200'] = process.argv.slice(2);
const LIMIT_MS = 10_000;
const MAX_PROBLEMS = 10;
const ANSWER = /^orders-\d+\n$/;
const intervalMs = 1_000 / Number(rate);
const agent = new Agent({ keepAlive: true, keepAliveMsecs: 60_000, maxFreeSockets: 1_000 });

/** What became of the requests that were due between two takes. */
export interface Tally {
  sent: number;
  /** Answers by body, without the newline. */
  answers: Record<string, number>;
  /** The first ten requests that were lost, in words. */
  problems: string[];
  lost: number;
  /** ms from when each answered request was due. */
  latencies: number[];
}

const emptyTally = (): Tally => ({ sent: 0, answers: {}, problems: [], lost: 0, latencies: [] });

class Window {
  readonly tally = emptyTally();
  readonly #openedAt = performance.now();
  #pending = 0;
  #whenDone: (() => void) | null = null;

  ask(dueAt: number): void {
    this.tally.sent++;
    this.#pending++;
    fetchBody((problem, body) => {
      const now = performance.now();
      if (problem === null && ANSWER.test(body)) {
        const name = body.trim();
        this.tally.answers[name] = (this.tally.answers[name] ?? 0) + 1;
        this.tally.latencies.push(now - dueAt);
      } else this.#lose(problem ?? `the answer is ${JSON.stringify(body.slice(0, 80))}`, dueAt, now);
      this.#pending--;
      if (this.#pending === 0) this.#whenDone?.();
    });
  }

  whenDone(report: () => void): void {
    if (this.#pending === 0) report();
    else this.#whenDone = report;
  }

  #lose(problem: string, dueAt: number, now: number): void {
    this.tally.lost++;
    if (this.tally.problems.length === MAX_PROBLEMS) return;
    const at = ((dueAt - this.#openedAt) / 1_000).toFixed(2);
    this.tally.problems.push(`due ${at} s after the last take, after ${Math.round(now - dueAt)} ms: ${problem}`);
  }
}

/** `done` is called once: with a problem, or with the body of a 200. */
function fetchBody(done: (problem: string | null, body: string) => void): void {
  let over = false;
  const end = (problem: string | null, body: string): void => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    done(problem, body);
  };
  const exchange = request({ host: address, port, path: '/', headers: { host }, agent }, (response) => {
    readAnswer(response, end);
  });
  const timer = setTimeout(() => {
    end(`no answer within ${LIMIT_MS / 1_000} s`, '');
    exchange.destroy();
  }, LIMIT_MS);
  exchange.on('error', (error: NodeJS.ErrnoException) => end(error.code ?? error.message, ''));
  exchange.end();
}

function readAnswer(response: IncomingMessage, end: (problem: string | null, body: string) => void): void {
  let body = '';
  response.setEncoding('utf8').on('data', (text: string) => {
    body += text;
  });
  response.on('error', (error) => end(`the answer broke off: ${error.message}`, ''));
  response.on('end', () => {
    if (response.statusCode === 200) return end(null, body);
    const said = response.headers['x-towpath-error'];
    end(`${response.statusCode} ${said ?? ''} ${JSON.stringify(body.slice(0, 200))}`, '');
  });
}

let current = new Window();
let next = 0;
const start = performance.now();
setInterval(() => {
  for (const now = performance.now(); start + next * intervalMs <= now; next++) current.ask(start + next * intervalMs);
}, 1);
createInterface({ input: process.stdin })
  .on('line', () => {
    const ended = current;
    current = new Window();
    ended.whenDone(() => void process.stdout.write(`${JSON.stringify(ended.tally)}\n`));
  })
  .on('close', () => process.exit(0));
