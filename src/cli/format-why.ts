/** The record of a failure as text for people. Pure. */
import type { FailureRecord } from '../contract/failure-record.ts';
import type { CommandIo } from './command.ts';
import { adviceFor, meaningOf } from './flag-advice.ts';
import { paint, plainLines } from './output.ts';

type Io = Pick<CommandIo, 'colour'>;
const WIDTH = 11;

/** What was asked, where it went, what became of each try, what was answered, and what to look at. */
export function formatWhy(record: FailureRecord, io: Io): string {
  const lines: (readonly [string, string])[] = [
    [record.kind, describeSubject(record)],
    ['failed', describeFailure(record, io)],
    ['because', record.sentence === '' ? `the connection ended ${record.ending}` : record.sentence],
    ['at', describeHop(record)],
    ['from', describeClient(record)],
    ['to', describeWay(record)],
    ...record.events.map(({ ms, name, endpoint }) => ['before', `after ${ms} ms: ${endpoint} ${name}`] as const),
    ['took', describeTime(record)],
    ['ids', describeIds(record)],
    ['check', adviceFor(record.flag, record.status)],
  ];
  return lines
    .filter(([, text]) => text !== '')
    .map(([name, text]) => `${paint(io, 'bold', name.padEnd(WIDTH))}${plainLines(text).replaceAll('\n', ' ')}\n`)
    .join('');
}

function describeSubject({ kind, method, authority, target, protocol, destination, verdict }: FailureRecord): string {
  if (kind === 'connection') return `to ${destination}${verdict === '' ? '' : ` (${verdict})`}`;
  const what =
    method === '' ? 'not kept: it had a body, and nothing is logged here' : `${method} ${authority}${target}`;
  return `${what} (${protocol})`;
}

function describeFailure({ flag, status, grpcStatus, ending }: FailureRecord, io: Io): string {
  const answer = grpcStatus >= 0 ? `gRPC status ${grpcStatus}` : status > 0 ? `status ${status}` : ending;
  const meaning = meaningOf(flag);
  const words = [answer, flag, meaning === '' ? '' : `(${meaning})`].filter((word) => word !== '');
  return paint(io, 'red', words.join(' '));
}

function describeHop({ direction, host, time }: FailureRecord): string {
  const side = direction === 'outbound' ? 'the sidecar of the caller' : 'the sidecar of the called program';
  return `${host}, ${side} (${direction}), ${time}`;
}

function describeClient({ client, principal }: FailureRecord): string {
  return principal === '' ? client : `${client} (${principal})`;
}

function describeWay({ service, route, endpoint, destination, attempts }: FailureRecord): string {
  const words = [
    service === '' ? destination : service,
    route === '' ? '' : `by ${route}`,
    endpoint === '' ? 'no endpoint was chosen' : `at ${endpoint}`,
    attempts > 0 ? `${attempts} ${attempts === 1 ? 'try' : 'tries'}` : '',
  ];
  return words.filter((word) => word !== '').join(', ');
}

function describeTime({ durationMs, bytesReceived, bytesSent }: FailureRecord): string {
  return `${durationMs} ms, ${bytesReceived} bytes from the client, ${bytesSent} bytes to it`;
}

function describeIds({ id, requestId, traceId }: FailureRecord): string {
  const request = requestId === '' ? '' : `, x-request-id ${requestId}`;
  return `${id}${request}${traceId === '' ? '' : `, trace ${traceId}`}`;
}
