/**
 * Open loop: request k leaves at start + k / rate, whatever became of the earlier ones, and its latency counts from that moment. So a
 * stall of the proxy shows in every request that it delays (no coordinated omission). It spins instead of sleeping, because a timer of
 * 1 ms would drown what is measured; it wants a core for itself.
 *
 * node open-loop-client.ts ADDRESS PORT PATH CONNECTIONS RATE SECONDS -> one line of JSON
 */
import { connect, type Socket } from 'node:net';

const [address = '', port, path, connections, rate, seconds] = process.argv.slice(2);
const intervalMs = 1000 / Number(rate);
const total = Math.round(Number(rate) * Number(seconds));
const request = `GET ${path} HTTP/1.1\r\nHost: ${address}\r\n\r\n`;
/** How long answers may still come in after the last request. */
const GRACE_MS = 2000;
/** Longer than this between two turns of ours, somebody else had the core. */
const ABSENT_MS = 2;

class Client {
  readonly #socket: Socket;
  /** Bytes of one answer, learned from the first; later ones must be as long, but for the digits of a date. */
  #expected = 0;
  #received = 0;
  #dueAt = 0;

  constructor() {
    this.#socket = connect(Number(port), address).setNoDelay(true);
    this.#socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#socket.on('connect', () => idle.push(this));
    this.#socket.on('error', (error) => fail(error.message));
    this.#socket.on('close', () => fail('closed by the other side'));
  }

  send(dueAt: number): void {
    this.#dueAt = dueAt;
    this.#socket.write(request);
  }

  end(): void {
    this.#socket.removeAllListeners('close').destroy();
  }

  #receive(chunk: Buffer): void {
    if (this.#received === 0) this.#expected = answerLength(chunk);
    this.#received += chunk.length;
    if (this.#received < this.#expected) return;
    if (this.#received > this.#expected) fail('more bytes than the length says');
    this.#received = 0;
    latencies.push(performance.now() - this.#dueAt);
    idle.push(this);
  }
}

const idle: Client[] = [];
const latencies: number[] = [];
let errors = 0;
let errorKinds = '';
let absentMs = 0;

function fail(kind: string): void {
  errors += 1;
  errorKinds ||= kind;
}

/** The head comes in one piece: it is far smaller than a segment. */
function answerLength(chunk: Buffer): number {
  const text = chunk.toString('latin1', 0, 2048);
  const headEnd = text.indexOf('\r\n\r\n');
  const length = /^content-length: (\d+)\r$/im.exec(text.slice(0, headEnd + 2))?.[1];
  if (!text.startsWith('HTTP/1.1 200 ') || headEnd < 0 || length === undefined) {
    fail(`an answer begins with ${JSON.stringify(text.slice(0, 40))}`);
    return chunk.length;
  }
  return headEnd + 4 + Number(length);
}

const clients = Array.from({ length: Number(connections) }, () => new Client());

function whenConnected(): void {
  if (idle.length < clients.length && errors === 0) return void setImmediate(whenConnected);
  const start = performance.now() + 1;
  let next = 0;
  let lastTurn = start;
  const turn = (): void => {
    const now = performance.now();
    if (now - lastTurn > ABSENT_MS) absentMs += now - lastTurn;
    lastTurn = now;
    for (let dueAt = start + next * intervalMs; next < total && dueAt <= now; dueAt = start + next * intervalMs) {
      const client = idle.shift();
      // All are waiting: the request leaves later, and its latency still counts from when it was due.
      if (client === undefined) break;
      client.send(dueAt);
      next += 1;
    }
    const over = latencies.length >= total || now > start + total * intervalMs + GRACE_MS;
    if (over || errors > 0) return finish(now - start, next);
    setImmediate(turn);
  };
  turn();
}

function finish(elapsedMs: number, sent: number): void {
  for (const client of clients) client.end();
  if (latencies.length < total && errors === 0) fail(`${sent} of ${total} requests sent, ${latencies.length} answered`);
  console.log(JSON.stringify({ errors, errorKinds, seconds: elapsedMs / 1000, absentMs, latencies }));
}

whenConnected();
