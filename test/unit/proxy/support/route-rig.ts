/** A rig whose service has routes, with an endpoint that says what it got: what the tests of filters share. */
import type { Test } from 'tap';
import type { HttpRoutingView, RouteActionView, RouteEntryView } from '../../../../src/contract/views.ts';
import { ask, connectHttp2, serveHttp2 } from '../../../helpers/http2-peers.ts';
import { ProxyRig, serviceView } from '../../../helpers/proxy-rig.ts';

export type Protocol = 'http1' | 'http2';
/** The client's protocol, then that of the service. */
export const PAIRS: readonly (readonly [Protocol, Protocol])[] = [
  ['http1', 'http1'],
  ['http1', 'http2'],
  ['http2', 'http1'],
  ['http2', 'http2'],
];

const CLUSTER = 'shop/orders:80';

/** A rule for everything below `prefix`, to the one service there is. */
export function rule(action: Partial<RouteActionView>, prefix = '/'): HttpRoutingView {
  return rules([{ path: { type: 'PathPrefix', value: prefix } }, action]);
}

/** Rules in their order of precedence. */
export function rules(
  ...list: readonly (readonly [Partial<RouteEntryView>, Partial<RouteActionView>])[]
): HttpRoutingView {
  return {
    entries: list.map(([entry], action) => ({ path: null, method: null, headers: [], query: [], ...entry, action })),
    actions: list.map(([, action], i) => ({
      route: 'shop/r',
      rule: String(i),
      backends: [{ cluster: CLUSTER, weight: 1, requestHeaders: null }],
      requestHeaders: null,
      requestTimeoutMs: null,
      ...action,
    })),
  };
}

/** What the endpoint got. Names in lower case; HTTP/1.1: `host` as `:authority`. */
export type Got = Readonly<Record<string, string>>;

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface RouteRig {
  readonly rig: ProxyRig;
  readonly got: Got[];
  /** Sends a request and waits for the whole answer. */
  ask(request: Readonly<Record<string, string>>): Promise<Reply>;
}

/** The answer of the endpoint, as lines after the status line. */
const ANSWER = { 'content-length': '2', server: 'theirs', vary: 'Accept', 'x-old': 'old' };

export async function routeRig(client: Protocol, server: Protocol, http: HttpRoutingView): Promise<RouteRig> {
  const rig = new ProxyRig();
  const got: Got[] = [];
  const port = server === 'http1' ? await serveLines(rig, got) : await serveStreams(rig, got);
  rig.service(serviceView([port], { protocol: server, http }));
  if (client === 'http1') return { rig, got, ask: await http1Client(rig) };
  const session = await connectHttp2(rig);
  return {
    rig,
    got,
    ask: async (request) => {
      const { status, headers, body } = await ask(session, request);
      return { status, headers: Object.fromEntries(Object.entries(headers).map(([k, v]) => [k, String(v)])), body };
    },
  };
}

async function serveLines(rig: ProxyRig, got: Got[]): Promise<number> {
  const { port } = await rig.serve((socket) => {
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      for (let at = text.indexOf('\r\n\r\n'); at >= 0; at = text.indexOf('\r\n\r\n')) {
        const [line, ...fields] = text.slice(0, at).split('\r\n');
        const [method, path] = line.split(' ');
        text = text.slice(at + 4);
        const { host, ...rest } = toRecord(fields);
        got.push({ ':method': method, ':path': path, ':authority': host, ...rest });
        const hint = path.endsWith('/hint') ? 'HTTP/1.1 103 Early Hints\r\nx-old: hint\r\n\r\n' : '';
        const status = path.endsWith('/304') ? '304 Not Modified' : '200 OK';
        const head = Object.entries(ANSWER).map(([name, value]) => `${name}: ${value}\r\n`);
        const hasBody = method !== 'HEAD' && !path.endsWith('/304');
        socket.write(`${hint}HTTP/1.1 ${status}\r\n${head.join('')}\r\n${hasBody ? 'ok' : ''}`);
      }
    });
  });
  return port;
}

async function serveStreams(rig: ProxyRig, got: Got[]): Promise<number> {
  const { port } = await serveHttp2(rig, (stream, headers) => {
    got.push(Object.fromEntries(Object.entries(headers).map(([k, v]) => [k, String(v)])));
    const path = String(headers[':path']);
    if (path.endsWith('/hint')) stream.additionalHeaders({ ':status': 103, 'x-old': 'hint' });
    const isShort = headers[':method'] === 'HEAD' || path.endsWith('/304');
    stream.respond({ ':status': path.endsWith('/304') ? 304 : 200, ...ANSWER }, { endStream: isShort });
    if (!isShort) stream.end('ok');
  });
  return port;
}

async function http1Client(rig: ProxyRig): Promise<RouteRig['ask']> {
  const client = await rig.client();
  return async (request) => {
    client.clear();
    const { ':method': method = 'GET', ':path': path = '/', ':authority': host = 'orders', ...fields } = request;
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
    client.send(`${method} ${path} HTTP/1.1\r\nHost: ${host}\r\n${lines.join('')}\r\n`);
    await rig.until(() => isWhole(client.text, method), `the answer to ${method} ${path}: ${client.text}`);
    const final = client.text.replace(/^HTTP\/1\.1 1[\s\S]*?\r\n\r\n/, '');
    const at = final.indexOf('\r\n\r\n');
    const [line, ...head] = final.slice(0, at).split('\r\n');
    return { status: Number(line.split(' ')[1]), headers: toRecord(head), body: final.slice(at + 4) };
  };
}

function isWhole(text: string, method: string): boolean {
  const final = text.replace(/^HTTP\/1\.1 1[\s\S]*?\r\n\r\n/, '');
  const at = final.indexOf('\r\n\r\n');
  if (at < 0) return false;
  const length = /^HTTP\/1\.1 (?:204|304)/.test(final) || method === 'HEAD' ? 0 : lengthOf(final);
  return final.length - at - 4 >= length;
}

function lengthOf(head: string): number {
  return Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
}

function toRecord(lines: readonly string[]): Record<string, string> {
  const record: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    record[name] = record[name] === undefined ? value : `${record[name]}|${value}`;
  }
  return record;
}

/** One test for each pair of protocols. */
export function forEachPair(
  t: Test,
  what: string,
  run: (t: Test, client: Protocol, server: Protocol) => Promise<void>,
) {
  for (const [client, server] of PAIRS) t.test(`${client} to ${server}: ${what}`, (t) => run(t, client, server));
}
