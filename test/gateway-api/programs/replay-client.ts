/**
 * Run inside a host: an ordinary program of node:http, node:http2, node:net and node:tls that knows nothing of the mesh. Reads one
 * task a line from its standard input, writes one result a line, in the order of the tasks; several are under way at once.
 */
import { randomBytes } from 'node:crypto';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { connect as connectTls } from 'node:tls';

export type Task =
  | {
      readonly type: 'http' | 'h2c' | 'grpc' | 'upgrade';
      readonly address: string;
      readonly port: number;
      readonly method: string;
      readonly path: string;
      readonly host: string;
      readonly headers: Readonly<Record<string, string>>;
    }
  | { readonly type: 'bytes'; readonly address: string; readonly port: number; readonly serverName?: string };

export interface Result {
  /** 0 = no answer. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly error: string;
}

const LIMIT_MS = 15_000;
const UNDER_WAY = 8;
const NONE: Result = { status: 0, headers: {}, body: '', error: '' };

type Settle = (result: Result) => void;

function run(task: Task): Promise<Result> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => settle({ ...NONE, error: `no answer in ${LIMIT_MS} ms` }), LIMIT_MS);
    const settle: Settle = (result) => {
      clearTimeout(timer);
      resolve(result);
    };
    if (task.type === 'bytes') exchangeBytes(task, settle);
    else if (task.type === 'h2c' || task.type === 'grpc') askHttp2(task, settle);
    else askHttp1(task, settle);
  });
}

type HttpTask = Exclude<Task, { type: 'bytes' }>;

function askHttp1(task: HttpTask, settle: Settle): void {
  const { address, port, method, path } = task;
  const upgrade = task.type === 'upgrade' ? upgradeHeaders() : {};
  const headers = { Host: task.host, ...task.headers, ...upgrade };
  const request = httpRequest({ host: address, port, method, path, headers, agent: false });
  request.on('error', (error) => settle({ ...NONE, error: error.message }));
  request.on('upgrade', (response, socket) => {
    socket.destroy();
    settle({ ...NONE, status: response.statusCode ?? 0, headers: flatten(response.headers) });
  });
  request.on('response', (response) => {
    let body = '';
    response.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    response.on('error', (error) => settle({ ...NONE, error: error.message }));
    response.on('end', () =>
      settle({ status: response.statusCode ?? 0, headers: flatten(response.headers), body, error: '' }),
    );
  });
  request.end(method === 'POST' || method === 'PUT' || method === 'PATCH' ? 'a body' : undefined);
}

function upgradeHeaders(): Record<string, string> {
  const key = randomBytes(16).toString('base64');
  return { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': key };
}

function askHttp2(task: HttpTask, settle: Settle): void {
  const session = connectHttp2(`http://${task.address}:${task.port}`);
  const finish: Settle = (result) => {
    session.destroy();
    settle(result);
  };
  session.on('error', (error) => finish({ ...NONE, error: error.message }));
  const isCall = task.type === 'grpc';
  const extra = isCall ? { 'content-type': 'application/grpc', te: 'trailers' } : {};
  const lower = Object.fromEntries(Object.entries(task.headers).map(([name, value]) => [name.toLowerCase(), value]));
  const stream = session.request(
    { ':method': task.method, ':path': task.path, ':authority': task.host, ...extra, ...lower },
    { endStream: false },
  );
  let headers: Record<string, string> = {};
  let body = '';
  stream.on('error', (error) => finish({ ...NONE, error: error.message }));
  stream.on('response', (received) => {
    headers = flatten(received);
  });
  stream.on('trailers', (received) => {
    headers = { ...headers, ...flatten(received) };
  });
  stream.setEncoding('utf8').on('data', (text: string) => {
    body += text;
  });
  stream.on('end', () => finish({ status: Number(headers[':status'] ?? 0), headers, body, error: '' }));
  stream.end(isCall ? Buffer.alloc(5) : undefined);
}

function exchangeBytes(task: Extract<Task, { type: 'bytes' }>, settle: Settle): void {
  const { address, port, serverName } = task;
  const socket =
    serverName === undefined
      ? connect({ host: address, port })
      : connectTls({ host: address, port, servername: serverName, rejectUnauthorized: false });
  let body = '';
  const finish: Settle = (result) => {
    socket.destroy();
    settle(result);
  };
  socket.on('error', (error) => finish({ ...NONE, error: error.message }));
  socket.on(serverName === undefined ? 'connect' : 'secureConnect', () => socket.write('hello\n'));
  socket.setEncoding('utf8').on('data', (text: string) => {
    body += text;
  });
  socket.on('close', () => finish({ ...NONE, body, error: body === '' ? 'closed without a byte' : '' }));
}

function flatten(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

const results: Promise<Result>[] = [];
let written = Promise.resolve();
let free = UNDER_WAY;
const waiting: (() => void)[] = [];

async function take(task: Task): Promise<Result> {
  if (free === 0) await new Promise<void>((resolve) => waiting.push(resolve));
  else free--;
  const result = await run(task);
  const next = waiting.shift();
  if (next === undefined) free++;
  else next();
  return result;
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const result = take(JSON.parse(line) as Task);
  results.push(result);
  written = written.then(async () => void process.stdout.write(`${JSON.stringify(await result)}\n`));
});
