/** HTTP/1.1 as a client that trusts nobody reads it. */
import { PatternCheck } from '../pattern.ts';
import { between, pause, Wrong } from '../plan.ts';
import { Cut, type Wire } from '../wire.ts';

export interface Head {
  readonly status: number;
  readonly fields: ReadonlyMap<string, string>;
}

export async function readHead(wire: Wire): Promise<Head> {
  const [first = '', ...lines] = (await wire.through('\r\n\r\n')).trimEnd().split('\r\n');
  const status = /^HTTP\/1\.1 (\d{3})( |$)/.exec(first)?.[1];
  if (status === undefined) throw new Wrong(`an answer begins with ${JSON.stringify(first.slice(0, 60))}`);
  const fields = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  return { status: Number(status), fields: new Map(fields) };
}

/** An answer that is none of the server's good ones. */
export class StatusError extends Error {
  readonly status: number;

  constructor(status: number, sentence: string) {
    super(`status ${status}: ${sentence}`);
    this.status = status;
  }
}

export interface Expected {
  readonly stream: number;
  readonly size: number;
  /** HEAD: the length is announced, and nothing comes. */
  readonly bodyless: boolean;
  readonly slowly: boolean;
}

/**
 * Reads one whole answer and checks that it is the one that was asked for.
 * @throws Wrong when it is somebody else's or was altered; Cut when it visibly breaks off; StatusError for another status
 */
export async function readAnswer(wire: Wire, expected: Expected): Promise<Head> {
  const head = await readHead(wire);
  if (head.status !== 200) throw new StatusError(head.status, await readSentence(wire, head));
  const stream = head.fields.get('x-soak-stream');
  if (stream !== String(expected.stream)) throw new Wrong(`stream ${expected.stream} got the answer of ${stream}`);
  if (expected.bodyless) return head;
  const check = new PatternCheck(expected.stream, 'down');
  if (head.fields.get('transfer-encoding') === 'chunked') await readChunks(wire, check, expected.slowly);
  else await readLength(wire, check, Number(head.fields.get('content-length')), expected.slowly);
  if (check.seen !== expected.size) {
    throw new Wrong(`stream ${expected.stream}: ${check.seen} of ${expected.size} bytes looked like a complete body`);
  }
  return head;
}

/** What a proxy says in an answer of its own. */
async function readSentence(wire: Wire, head: Head): Promise<string> {
  let text = '';
  const length = Math.min(1000, Number(head.fields.get('content-length') ?? 0));
  while (text.length < length) text += (await wire.upTo(length - text.length)).toString();
  return text.trim();
}

async function readLength(wire: Wire, check: PatternCheck, length: number, slowly: boolean): Promise<void> {
  const until = check.seen + length;
  while (check.seen < until) {
    const wrong = check.take(await wire.upTo(until - check.seen));
    if (wrong !== null) throw new Wrong(wrong);
    if (slowly) await pause(between(0, 15));
  }
}

async function readChunks(wire: Wire, check: PatternCheck, slowly: boolean): Promise<void> {
  for (;;) {
    const line = await wire.through('\r\n');
    const size = Number.parseInt(line, 16);
    if (!/^[0-9a-f]+\r\n$/i.test(line)) throw new Wrong(`a chunk begins with ${JSON.stringify(line.slice(0, 60))}`);
    if (size === 0) break;
    await readLength(wire, check, size, slowly);
    if ((await wire.through('\r\n')) !== '\r\n') throw new Wrong('a chunk is longer than it says');
  }
  const trailers = await readTrailers(wire);
  if (trailers.get('x-soak-size') !== String(check.seen)) throw new Wrong('the trailer is missing or another one');
}

async function readTrailers(wire: Wire): Promise<Map<string, string>> {
  const trailers = new Map<string, string>();
  for (let line = await wire.through('\r\n'); line !== '\r\n'; line = await wire.through('\r\n')) {
    const [name = '', value = ''] = line.trimEnd().split(': ');
    trailers.set(name.toLowerCase(), value);
  }
  return trailers;
}

/** Nothing may follow the last answer. @throws Wrong when something does */
export async function expectEnd(wire: Wire): Promise<void> {
  try {
    const more = await wire.some();
    if (more !== null) throw new Wrong(`${more.length} bytes follow the last answer`);
  } catch (error) {
    if (!(error instanceof Cut)) throw error;
  }
}
