/** A question as the head of a request: written as HTTP/1.1 and read by the codec that reads traffic. */
import type { ExplainQuestion } from '../../contract/decision-trace.ts';
import type { HeadParser } from '../codec/http1/head.ts';

/**
 * Fills `parser.head`, whose offsets then refer to `bytes`; the text is put at `at`, where there are `room` bytes.
 * Returns null, or why the codec would refuse such a request.
 */
export function readQuestion(
  parser: HeadParser,
  bytes: Buffer,
  at: number,
  room: number,
  question: ExplainQuestion,
): string | null {
  const text = writeHead(question);
  if (Buffer.byteLength(text) > room) return `a head of ${Buffer.byteLength(text)} bytes is too large`;
  const length = bytes.write(text, at, 'utf8');
  if (parser.parseRequest(at, length) > 0) return null;
  return `the proxy refuses such a request: ${parser.head.refusal?.sentence ?? 'its head is not complete'}`;
}

function writeHead({ method, authority, path, headers }: ExplainQuestion): string {
  const hasHost = headers.some(([name]) => name.toLowerCase() === 'host');
  const lines = [...(hasHost ? [] : [['Host', authority] as const]), ...headers];
  return `${method} ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}
