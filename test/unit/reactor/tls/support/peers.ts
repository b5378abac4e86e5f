/** The other end as a program of its own: openssl and curl; or as Node's own TLS. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import {
  type ConnectionOptions,
  connect as connectTls,
  createServer as createTlsServer,
  type TLSSocket,
  type TlsOptions,
} from 'node:tls';

export interface Program {
  readonly child: ChildProcessWithoutNullStreams;
  /** Everything it has printed, both streams together. */
  output: string;
  exited: boolean;
}

/** Starts a program, which is killed when the test process ends. */
export function run(command: string, args: readonly string[]): Program {
  const child = spawn(command, args);
  const program: Program = { child, output: '', exited: false };
  const collect = (piece: Buffer): void => {
    program.output += piece.toString('latin1');
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  child.stdin.on('error', () => {});
  child.on('close', () => {
    program.exited = true;
  });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('close', () => process.removeListener('exit', kill));
  return program;
}

export function openssl(...args: string[]): Program {
  return run('openssl', args);
}

/** A TCP port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export interface NodeServer {
  readonly server: Server;
  readonly port: number;
  readonly sockets: TLSSocket[];
  /** Those below, also before their handshakes are done. */
  readonly transports: Socket[];
}

/** Node's TLS server on a free port; errors of its connections are ignored. */
export async function nodeServer(
  options: TlsOptions,
  onSocket: (socket: TLSSocket) => void = () => {},
): Promise<NodeServer> {
  const sockets: TLSSocket[] = [];
  const server = createTlsServer({ allowHalfOpen: true, ...options } as TlsOptions, (socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    onSocket(socket);
  });
  const transports: Socket[] = [];
  server.on('connection', (transport: Socket) => transports.push(transport));
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port, sockets, transports };
}

export function stopNodeServer({ server, sockets, transports }: NodeServer): void {
  for (const transport of transports) transport.destroy();
  for (const socket of sockets) socket.destroy();
  server.close();
}

export function nodeClient(port: number, options: ConnectionOptions): TLSSocket {
  const socket = connectTls({ host: '127.0.0.1', port, ...options });
  socket.on('error', () => {});
  return socket;
}
