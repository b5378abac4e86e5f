/** `grpc.health.v1.Health/Check` (gRPC Health Checking Protocol) over HTTP/2: one call on a connection of its own. */
import type { ClientHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { ProbeOutcome } from './probe-outcome.ts';

const PREFIX = 5;
const SERVING = 1;
/** The answer is a message of two bytes; more than this is none. */
const MAX_ANSWER = 1024;
const CALL = {
  ':method': 'POST',
  ':path': '/grpc.health.v1.Health/Check',
  'content-type': 'application/grpc',
  te: 'trailers',
  'user-agent': 'towpath-probe',
};
const STATUSES = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'];

/** @param authority `host:port` of the call. Rejects when the connection fails or `signal` fires. */
export function checkGrpc(
  socket: Socket,
  authority: string,
  service: string,
  signal: AbortSignal,
): Promise<ProbeOutcome> {
  return new Promise((resolve, reject) => {
    // Not imported: few hosts need it, and each thread would pay for it.
    const session = process.getBuiltinModule('node:http2').connect(`http://${authority}`, {
      createConnection: () => socket,
    });
    const give = (outcome: ProbeOutcome): void => {
      resolve(outcome);
      session.destroy();
    };
    session.on('error', reject);
    session.on('close', () => reject(new Error('the connection was closed')));
    signal.addEventListener('abort', () => session.destroy(new Error('no answer in time')), { once: true });
    const call = session.request(CALL);
    call.on('error', reject);
    collect(call, give);
    call.end(frame(service));
  });
}

/** Gives the outcome once the answer is whole, or too long. */
function collect(call: ClientHttp2Stream, give: (outcome: ProbeOutcome) => void): void {
  const answer: Buffer[] = [];
  let length = 0;
  let status = '';
  const note = (fields: NodeJS.Dict<string | string[]>): void => {
    status = String(fields['grpc-status'] ?? status);
  };
  call.on('response', note);
  call.on('trailers', note);
  call.on('data', (chunk: Buffer) => {
    length += chunk.length;
    if (length <= MAX_ANSWER) answer.push(chunk);
    else give({ passed: false, detail: 'the answer is too long' });
  });
  call.on('end', () => give(judge(status, Buffer.concat(answer))));
}

/** HealthCheckRequest { string service = 1 } behind its prefix. */
function frame(service: string): Buffer {
  const name = Buffer.from(service);
  // A varint: one byte up to 127, two up to 16383, which is more than any name has.
  const length = name.length < 128 ? [name.length] : [(name.length & 127) | 128, name.length >> 7];
  const body = name.length === 0 ? name : Buffer.concat([Buffer.of(0x0a, ...length), name]);
  const prefix = Buffer.alloc(PREFIX);
  prefix.writeUInt32BE(body.length, 1);
  return Buffer.concat([prefix, body]);
}

/** HealthCheckResponse { ServingStatus status = 1 }; the value 0 is left out. */
function judge(grpcStatus: string, answer: Buffer): ProbeOutcome {
  if (grpcStatus !== '0') return { passed: false, detail: `grpc-status ${grpcStatus === '' ? 'missing' : grpcStatus}` };
  const body = answer.subarray(PREFIX);
  const status = body[0] === 0x08 ? body[1] : 0;
  return { passed: status === SERVING, detail: STATUSES[status] ?? `status ${status}` };
}
