/** One probe of one local program. */

import type { Socket } from 'node:net';
import type { ProbeConfig } from '../../config/agent-config.ts';
import { assertNever } from '../../core/result.ts';
import { request } from '../../telemetry/node-http.ts';
import type { ProbeDial } from './probe-socket.ts';

export interface ProbeOutcome {
  readonly passed: boolean;
  /** What was seen, in a few words: `answered 503`, `connect ECONNREFUSED 10.0.0.1:80`. */
  readonly detail: string;
}

/**
 * Never rejects. TCP passes when the connection opens; HTTP passes on a status of 200 to 399, as in Kubernetes.
 * @param address where the workload is reached, so that what is proven is what others will use.
 */
export async function probeOnce(probe: ProbeConfig, address: string, dial: ProbeDial): Promise<ProbeOutcome> {
  const limit = AbortSignal.timeout(Math.ceil(probe.timeoutSeconds * 1000));
  try {
    const connectTo = (port: number): Socket => dial(address, port, limit);
    return await runCheck(probe.check, connectTo, address, limit);
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
): Promise<ProbeOutcome> {
  switch (check.type) {
    case 'tcp':
      return probeTcp(connectTo(check.port));
    case 'http':
      return probeHttp(() => connectTo(check.port), address, check, limit);
    default:
      return assertNever(check);
  }
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
