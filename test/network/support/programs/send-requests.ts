/**
 * Run inside a host: requests with a small body, each with a number of its own as its path, one after the other on each of several
 * connections; a lost connection is replaced, and nothing is sent twice. Reports the outcome of each as JSON.
 *
 *     node send-requests.ts METHOD URL http1|http2 CLIENTS COUNT
 */
import { Agent, request } from 'node:http';
import { type ClientHttp2Session, connect } from 'node:http2';

const [method = 'POST', url = '', protocol = 'http1', clients = '1', count = '1'] = process.argv.slice(2);
const LIMIT_MS = 15_000;

/** Numbers by outcome: a status, or `error`. */
const outcomes: Record<string, number[]> = {};
let next = 0;

function note(number: number, outcome: string): void {
  outcomes[outcome] ??= [];
  outcomes[outcome].push(number);
}

function sendHttp1(agent: Agent, number: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const exchange = request(`${url}${number}`, { method, agent, timeout: LIMIT_MS }, (response) => {
      response.on('error', reject).on('end', () => resolve(String(response.statusCode)));
      response.resume();
    });
    exchange.on('error', reject).on('timeout', () => exchange.destroy(new Error('no answer')));
    exchange.end('body');
  });
}

function sendHttp2(session: ClientHttp2Session, number: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':method': method, ':path': `/${number}` });
    let status = '';
    stream.on('response', (headers) => {
      status = String(headers[':status']);
    });
    stream.setTimeout(LIMIT_MS, () => stream.destroy(new Error('no answer')));
    stream.on('error', reject).on('end', () => resolve(status));
    stream.resume();
    stream.end('body');
  });
}

async function runClient(): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let session: ClientHttp2Session | null = null;
  for (let number = next++; number < Number(count); number = next++) {
    if (protocol === 'http2' && (session === null || session.closed || session.destroyed)) {
      session = connect(url).on('error', () => {});
    }
    const sent = session === null ? sendHttp1(agent, number) : sendHttp2(session, number);
    note(number, await sent.catch(() => 'error'));
  }
  agent.destroy();
  session?.destroy();
}

await Promise.all(Array.from({ length: Number(clients) }, runClient));
process.stdout.write(`${JSON.stringify(outcomes)}\n`);
