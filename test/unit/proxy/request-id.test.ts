import t from 'tap';
import { HeadParser } from '../../../src/proxy/codec/http1/head.ts';
import { createLlhttp } from '../../../src/proxy/codec/http1/llhttp.ts';
import { nextRequestId } from '../../../src/proxy/request-id.ts';

const llhttp = createLlhttp({ slabBytes: 4 * 1024 * 1024, parsers: 1 });
const parser = new HeadParser(llhttp);
const bytes = Buffer.from(llhttp.memory);

function idFor(fields: string): string {
  const text = `GET / HTTP/1.1\r\nHost: x\r\n${fields}\r\n`;
  const length = bytes.write(text, llhttp.slabStart, 'latin1');
  if (parser.parseRequest(llhttp.slabStart, length) <= 0) throw new Error('not a request');
  return nextRequestId(parser.head, bytes)
    .map(({ name, value }) => `${Buffer.from(name)}: ${Buffer.from(value)}`)
    .join();
}

t.test('each request without an id gets one of its own; one that has an id keeps it', async (t) => {
  const ids = Array.from({ length: 1000 }, () => idFor(''));
  t.equal(new Set(ids).size, 1000);
  for (const id of ids.slice(0, 3)) t.match(id, /^x-request-id: [0-9a-f]{24}$/);
  t.equal(idFor('X-Request-ID: mine\r\n'), '');
});
