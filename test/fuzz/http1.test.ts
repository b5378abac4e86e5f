import { deepStrictEqual as deepEqual } from 'node:assert';
import { METHODS } from 'node:http';
import fc from 'fast-check';
import t from 'tap';
import { ChunkedPool } from '../../src/proxy/codec/http1/chunked.ts';
import { type ConnectionWord, writeHead } from '../../src/proxy/codec/http1/write-head.ts';
import { message, stream } from './http1-messages.ts';
import { llhttp, OUT, parser, type ReadMessage, readNode, readOurs } from './read-stream.ts';

const { bytes, slabStart } = llhttp;
/** Runs for each property; more by FUZZ_RUNS. The seed of a failure is printed by fast-check. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 4000);

function sameMessage(a: ReadMessage, b: ReadMessage | undefined): boolean {
  return b !== undefined && a.method === b.method && a.target === b.target && a.body === b.body;
}

t.test('no message that both we and node:http accept is framed differently', async (t) => {
  let compared = 0;
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(stream, async (text) => {
      const ours = readOurs(text, 1 << 20);
      if (ours.end !== 'end' && ours.end !== 'more') refused++;
      const theirs = await readNode(text);
      const both = Math.min(ours.messages.length, theirs.length);
      compared += both;
      const differs = ours.messages.findIndex((m, i) => i < both && !sameMessage(m, theirs[i]));
      if (differs >= 0) {
        throw new Error(`${JSON.stringify(ours.messages[differs])} against ${JSON.stringify(theirs[differs])}`);
      }
      const extra = ours.messages[both];
      if (extra !== undefined && METHODS.includes(extra.method) && ours.messages[both - 1]?.isLast !== true) {
        throw new Error(`only we accept ${JSON.stringify(extra)}`);
      }
    }),
    { numRuns: RUNS },
  );
  t.ok(compared > RUNS / 3, `${compared} messages compared, ${refused} streams refused`);
});

t.test('arrival in pieces changes nothing', (t) => {
  fc.assert(
    fc.property(stream, fc.integer({ min: 1, max: 7 }), (text, step) => {
      const whole = readOurs(text, 1 << 20);
      const pieces = readOurs(text, step);
      deepEqual(pieces.messages, whole.messages);
      // In pieces, a head is looked at again only when a line ends, so an error in its last line may not show yet.
      if (pieces.end !== 'more') deepEqual(pieces.end, whole.end);
    }),
    { numRuns: RUNS / 4 },
  );
  t.pass('all alike');
  t.end();
});

t.test('random bytes are refused or wait for more, and nothing throws', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (random) => {
      bytes.set(random, slabStart);
      const results = [
        parser.parseRequest(slabStart, random.length),
        parser.parseResponse(slabStart, random.length, 'other'),
      ];
      return results.every((result) => result <= random.length);
    }),
    { numRuns: RUNS },
  );
  t.pass('none threw');
  t.end();
});

t.test('a head that is sent on is taken again, with the same framing and no hop-by-hop option', (t) => {
  let forwarded = 0;
  const connection = fc.constantFrom<ConnectionWord>('none', 'close', 'keep-alive');
  fc.assert(
    fc.property(message, connection, (text, word) => {
      if (parser.parseRequest(slabStart, bytes.write(text, slabStart, 'latin1')) <= 0) return;
      forwarded++;
      const before = { ...parser.head };
      const length = writeHead(bytes, parser.head, OUT, 1 << 16, {
        connection: word,
        edits: null,
        insert: [{ name: Buffer.from('x-i'), value: Buffer.from('1') }],
      });
      const again = parser.parseRequest(OUT, length);
      if (again !== length) throw new Error(`refused: ${parser.head.refusal?.id}`);
      const { framing, contentLength, nominatedCount, keepAlive } = parser.head;
      if (framing !== before.framing || contentLength !== before.contentLength) throw new Error('framed differently');
      if (nominatedCount !== 0) throw new Error('still nominates a field');
      if (word === 'close' && keepAlive) throw new Error('close was lost');
    }),
    { numRuns: RUNS },
  );
  t.ok(forwarded > RUNS / 4, `${forwarded} heads forwarded`);
  t.end();
});

t.test('a chunked body carries the same data whatever its chunks and our buffers are', (t) => {
  const pool = new ChunkedPool(llhttp);
  const parts = fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { maxLength: 20 });
  fc.assert(
    fc.property(parts, fc.integer({ min: 1, max: 500 }), fc.integer({ min: 64, max: 900 }), (chunks, step, room) => {
      const data = Buffer.concat(chunks).toString('latin1');
      const text = `${chunks.map((c) => `${c.length.toString(16)};e\r\n${Buffer.from(c).toString('latin1')}\r\n`).join('')}0\r\n\r\n`;
      const body = pool.acquire();
      if (body === null) throw new Error('no parser left');
      let out = '';
      for (let used = 0; !body.done; used += body.consumed) {
        const length = bytes.write(text.slice(used, used + step), slabStart, 'latin1');
        const written = body.reframe(slabStart, length, OUT, room);
        if (written < 0 || written > room) throw new Error(`wrote ${written} of ${room}: ${body.error?.id}`);
        out += bytes.toString('latin1', OUT, OUT + written);
      }
      pool.release(body);
      const read = readOurs(`POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n${out}`, 1 << 20);
      if (read.end !== 'end' || read.messages[0]?.body !== data) throw new Error('the data differs');
    }),
    { numRuns: RUNS / 4 },
  );
  t.pass('all data came through');
  t.end();
});
