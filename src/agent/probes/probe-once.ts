/** One probe of one local program. */

import { isIPv6, type Socket } from 'node:net';
import type { ProbeConfig } from '../../config/agent-config.ts';
import { assertNever } from '../../core/result.ts';
import { runQuietly } from '../../intercept/run-command.ts';
import { request } from '../../telemetry/node-http.ts';
import { checkGrpc } from './grpc-health.ts';
import type { ProbeOutcome } from './probe-outcome.ts';
import type { ProbeDial } from './probe-socket.ts';

/**
 * Never rejects. TCP passes when the connection opens; HTTP passes on a status of 200 to 399, gRPC on SERVING, a command on exit status
 * 0, as in Kubernetes.
 * @param address where the workload is reached, so that what is proven is what others will use.
 */
export async function probeOnce(probe: ProbeConfig, address: string, dial: ProbeDial): Promise<ProbeOutcome> {
  const limit = AbortSignal.timeout(Math.ceil(probe.timeoutSeconds * 1000));
  try {
    const connectTo = (port: number): Socket => dial(address, port, limit);
    return await runCheck(probe.check, connectTo, address, limit, probe.timeoutSeconds * 1000);
  } catch (error) {
    const detail = limit.aborted ? `no answer within ${probe.timeoutSeconds} s` : (error as Error).message;
    return { passed: false, detail };
  }
}

function runCheck(
  check: ProbeConfig['check'],
  connectTo: (port: number) => Socket,
  address: string,
  limit: AbortSignal,
  timeoutMs: number,
): Promise<ProbeOutcome> {
  switch (check.type) {
    case 'tcp':
      return probeTcp(connectTo(check.port));
    case 'http':
      return probeHttp(() => connectTo(check.port), address, check, limit);
    case 'grpc':
      return checkGrpc(connectTo(check.port), authorityOf(address, check.port), check.service, limit);
    case 'exec':
      return probeExec(check.command, timeoutMs);
    default:
      return assertNever(check);
  }
}

function authorityOf(address: string, port: number): string {
  return isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
}

async function probeExec([file, ...args]: readonly [string, ...string[]], timeoutMs: number): Promise<ProbeOutcome> {
  const exitCode = await runQuietly(file, args, timeoutMs);
  return { passed: exitCode === 0, detail: `ended with status ${exitCode}` };
}

function probeTcp(socket: Socket): Promise<ProbeOutcome> {
  return new Promise((resolve, reject) => {
    socket.once('connect', () => {
      socket.destroy();
      resolve({ passed: true, detail: 'connected' });
    });
    socket.on('error', reject);
  });
}

function probeHttp(
  createConnection: () => Socket,
  host: string,
  { port, path }: { readonly port: number; readonly path: string },
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  return new Promise((resolve, reject) => {
    const headers = { 'user-agent': 'towpath-probe', connection: 'close' };
    // Without an agent: even `agent: false` would make one, which dials by itself and without the mark.
    const exchange = request({ host, port, path, headers, signal, createConnection }, (response) => {
      const status = response.statusCode ?? 0;
      // The status is all that counts: an endless body must cost nothing.
      exchange.destroy();
      resolve({ passed: status >= 200 && status < 400, detail: `answered ${status}` });
    });
    exchange.on('error', reject);
    exchange.end();
  });
}
