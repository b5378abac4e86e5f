/** One active check of one endpoint (BackendTrafficPolicy `healthCheck.active`). */
import { isIPv6, type Socket } from 'node:net';
import type { ActiveCheckView } from '../../contract/cluster-views.ts';
import { assertNever } from '../../core/result.ts';
import { request } from '../../telemetry/node-http.ts';
import { type Certificates, type CheckDial, type CheckedAddress, dialForCheck } from './check-dial.ts';
import { checkGrpc } from './grpc-health.ts';
import type { ProbeOutcome } from './probe-outcome.ts';

/** Whatever a view says: timers of Node take no more than 2^31 ms, and refuse what is beyond 2^32. */
const MAX_TIMEOUT_MS = 300_000;

/** Never rejects. TCP passes when the connection opens, HTTP on an expected status, gRPC on SERVING. */
export async function checkEndpoint(
  { check, timeoutMs }: ActiveCheckView,
  at: CheckedAddress,
  certificates: Certificates,
): Promise<ProbeOutcome> {
  const { ip, port } = at;
  const limit = AbortSignal.timeout(Math.min(Math.max(1, timeoutMs), MAX_TIMEOUT_MS));
  let dialled: CheckDial | null = null;
  try {
    dialled = dialForCheck(at, check.type, certificates, limit);
    return await run(check, dialled, isIPv6(ip) ? `[${ip}]:${port}` : `${ip}:${port}`, limit);
  } catch (error) {
    const detail = limit.aborted ? `no answer within ${timeoutMs} ms` : (error as Error).message;
    return { passed: false, detail };
  } finally {
    dialled?.socket.on('error', () => {});
    dialled?.socket.destroy();
  }
}

function run(
  check: ActiveCheckView['check'],
  dialled: CheckDial,
  authority: string,
  limit: AbortSignal,
): Promise<ProbeOutcome> {
  const { socket } = dialled;
  switch (check.type) {
    case 'TCP':
      return checkTcp(dialled);
    case 'HTTP':
      return checkHttp(check, socket, authority, limit);
    case 'GRPC':
      return checkGrpc(socket, authority, check.service, limit);
    default:
      return assertNever(check);
  }
}

function checkTcp({ socket, opened }: CheckDial): Promise<ProbeOutcome> {
  return new Promise((resolve, reject) => {
    socket.once(opened, () => resolve({ passed: true, detail: 'connected' }));
    socket.once('error', reject);
  });
}

function checkHttp(
  { path, method, host, expectedStatuses }: Extract<ActiveCheckView['check'], { type: 'HTTP' }>,
  socket: Socket,
  authority: string,
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  return new Promise((resolve, reject) => {
    const headers = { host: host ?? authority, 'user-agent': 'towpath-probe', connection: 'close' };
    // Without an agent: even `agent: false` would make one, which dials by itself.
    const createConnection = (): Socket => socket;
    const exchange = request({ method, path, headers, signal, createConnection }, (response) => {
      const status = response.statusCode ?? 0;
      // The status is all that counts: an endless body must cost nothing.
      exchange.destroy();
      resolve({ passed: expectedStatuses.includes(status), detail: `answered ${status}` });
    });
    exchange.on('error', reject);
    exchange.end();
  });
}
