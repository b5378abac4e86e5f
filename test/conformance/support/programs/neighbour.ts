/**
 * A program that does nothing wrong: 200 times per second by the clock it asks through the proxy, on a connection of its own that it
 * keeps (every tenth time on a new one), and asks the same server directly, which shows what the machine alone costs.
 * Usage: node neighbour.ts PROXIED-URL DIRECT-URL. Prints `proxied MS` and `direct MS`, since they were due, or `failed: ...`.
 */
import { type ClientHttp2Session, connect } from 'node:http2';

const PERIOD_MS = 5;
const LIMIT_MS = 5_000;
const [proxied = '', direct = ''] = process.argv.slice(2);

function open(url: string): ClientHttp2Session {
  const session = connect(url);
  session.on('error', () => undefined);
  return session;
}

function ask(session: ClientHttp2Session, done: (failure: string | null) => void): void {
  const stream = session.request({ ':path': '/' });
  let status = 0;
  stream.setTimeout(LIMIT_MS, () => stream.destroy(new Error('no answer in time')));
  stream.on('response', (headers) => {
    status = headers[':status'] ?? 0;
  });
  stream.on('error', (error) => done(error.message));
  stream.on('end', () => done(status === 200 ? null : `status ${status}`));
  stream.resume();
  stream.end();
}

const started = performance.now();
const kept = new Map<string, ClientHttp2Session>();
let count = 0;

function sessionTo(url: string, fresh: boolean): ClientHttp2Session {
  const session = fresh ? undefined : kept.get(url);
  if (session !== undefined && !session.closed && !session.destroyed) return session;
  const opened = open(url);
  if (!fresh) kept.set(url, opened);
  return opened;
}

function request(name: string, url: string, fresh: boolean, due: number): void {
  const session = sessionTo(url, fresh);
  ask(session, (failure) => {
    const ms = Math.max(0, performance.now() - due).toFixed(2);
    process.stdout.write(failure === null ? `${name} ${ms}\n` : `failed: ${name}: ${failure}\n`);
    if (fresh) session.close();
  });
}

function step(): void {
  const due = started + count * PERIOD_MS;
  const fresh = count++ % 10 === 0;
  request('proxied', proxied, fresh, due);
  request('direct', direct, fresh, due);
  setTimeout(step, Math.max(0, started + count * PERIOD_MS - performance.now()));
}

step();
