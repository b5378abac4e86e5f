/** One request or connection as a line for people. Pure. */
import { isFailure } from '../contract/is-failure.ts';
import type { TapRecord } from '../contract/tap-messages.ts';
import type { CommandIo } from './command.ts';
import { bytesText, latencyText } from './format-traffic.ts';
import { type Colour, paint, plainLines } from './output.ts';

type Io = Pick<CommandIo, 'colour'>;
const OUTCOME_WIDTH = 8;
const TIME_WIDTH = 6;

/** `<time>  <outcome> <duration>  <caller> -> <service>  <what>  <where>`: texts from outside cannot steer the terminal. */
export function formatTap(record: TapRecord, io: Io): string {
  const { time, durationMs } = record;
  const outcome = outcomeOf(record);
  const colour = paint(io, colourOf(record), outcome) + ' '.repeat(Math.max(0, OUTCOME_WIDTH - outcome.length));
  const texts = [
    latencyText(durationMs).padStart(TIME_WIDTH),
    wayOf(record),
    whatOf(record),
    whereOf(record),
    failureOf(record),
  ];
  const cells = [
    paint(io, 'dim', oneLine(time.slice(11, 23))),
    colour,
    ...texts.filter((cell) => cell !== '').map(oneLine),
  ];
  return `${cells.join('  ').trimEnd()}\n`;
}

function oneLine(text: string): string {
  return plainLines(text).replaceAll('\n', ' ');
}

/** `200`, `503 UF`, `grpc 14`, or how a connection ended. */
function outcomeOf({ kind, status, grpcStatus, flag, ending }: TapRecord): string {
  const code = kind === 'connection' ? ending : grpcStatus >= 0 ? `grpc ${grpcStatus}` : status > 0 ? `${status}` : '-';
  return oneLine(flag === '' ? code : `${code} ${flag}`);
}

function colourOf({ kind, status, grpcStatus, flag, ending }: TapRecord): Colour {
  if (kind === 'connection') return flag === '' && ['closed', 'drained'].includes(ending) ? 'green' : 'red';
  if (isFailure(flag)) return 'red';
  if (status === 0 || status >= 500 || grpcStatus > 0) return 'red';
  return status >= 400 ? 'yellow' : 'green';
}

function wayOf({ caller, service, destination, direction }: TapRecord): string {
  const to = service === '' ? destination : service;
  return `${caller} -> ${to}${direction === 'inbound' ? ' (inbound)' : ''}`;
}

function whatOf({ kind, method, authority, target, verdict, bytesReceived, bytesSent }: TapRecord): string {
  if (kind === 'connection')
    return `${verdict.split(' ', 1)[0] ?? ''} in ${bytesOr0(bytesReceived)} out ${bytesOr0(bytesSent)}`;
  return `${method} ${authority}${target}`;
}

function bytesOr0(bytes: number): string {
  return bytes === 0 ? '0B' : bytesText(bytes);
}

function whereOf({ endpoint, route, attempts }: TapRecord): string {
  const words = [
    endpoint === '' ? '' : `at ${endpoint}`,
    route === '' ? '' : `by ${route}`,
    attempts > 1 ? `${attempts} tries` : '',
  ];
  return words.filter((word) => word !== '').join(', ');
}

/** What the proxy says of it, and how to ask for the whole. */
function failureOf({ flag, sentence, id }: TapRecord): string {
  return flag === '' || sentence === '' ? '' : `${sentence} (towpath why ${id})`;
}
