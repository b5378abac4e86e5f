import t from 'tap';
import { CHUNKED_MIN_OUT, type ChunkedBody, ChunkedPool } from '../../../../../src/proxy/codec/http1/chunked.ts';
import { createLlhttp } from '../../../../../src/proxy/codec/http1/llhttp.ts';

const llhttp = createLlhttp({ slabBytes: 4 << 20, parsers: 4 });
const pool = new ChunkedPool(llhttp);
const { bytes, slabStart } = llhttp;
const OUT = slabStart + (2 << 20);

function acquire(): ChunkedBody {
  const body = pool.acquire();
  if (body === null) throw new Error('no parser');
  return body;
}

/** Feeds `text` in pieces of `step` into outputs of `room` bytes. */
function run(
  text: string,
  step: number,
  room: number,
  verb: 'reframe' | 'decode',
): { out: string; used: number; body: ChunkedBody } {
  const body = acquire();
  let out = '';
  let used = 0;
  for (let turns = 0; !body.done && turns < 1e6 && (used < text.length || body.pending); turns++) {
    const length = bytes.write(text.slice(used, used + step), slabStart, 'latin1');
    const written = body[verb](slabStart, length, OUT, room);
    if (written < 0) break;
    t.ok(written <= room, 'never more than there is room for');
    out += bytes.toString('latin1', OUT, OUT + written);
    used += body.consumed;
  }
  pool.release(body);
  return { out, used, body };
}

t.test('large bodies pass whatever the sizes of input and output', (t) => {
  const data = Array.from({ length: 20_000 }, (_, i) => String.fromCharCode(97 + (i % 26))).join('');
  const text = `4e20\r\n${data}\r\n0\r\n\r\nNEXT`;
  for (const [step, room] of [
    [1 << 20, 1 << 20],
    [1000, 1 << 20],
    [1 << 20, CHUNKED_MIN_OUT],
    [7, CHUNKED_MIN_OUT],
    [16_384, 4096],
  ] as const) {
    const decoded = run(text, step, room, 'decode');
    t.equal(decoded.out, data, `decoded, ${step} in, ${room} out`);
    t.equal(decoded.used, text.length - 4);
    const again = run(run(text, step, room, 'reframe').out, 1 << 20, 1 << 20, 'decode');
    t.equal(again.out, data, `reframed, ${step} in, ${room} out`);
    t.equal(again.body.dataBytes, data.length);
  }
  t.end();
});

t.test('trailers larger than the output come in pieces', (t) => {
  const trailers = Array.from({ length: 60 }, (_, i) => `X-Trailer-${i}: ${'v'.repeat(20)}\r\n`).join('');
  const { out, body } = run(`0\r\n${trailers}\r\n`, 1 << 20, CHUNKED_MIN_OUT, 'reframe');
  t.equal(out, `0\r\n${trailers}\r\n`);
  t.ok(body.done);
  t.end();
});

t.test('more chunks than a parser run can record are all seen', (t) => {
  const { out, body } = run(`${'1\r\nx\r\n'.repeat(50_000)}0\r\n\r\n`, 1 << 20, 1 << 20, 'decode');
  t.equal(out.length, 50_000);
  t.ok(body.done);
  t.end();
});

t.test('an error stays, names the side, and does not outlive the body', (t) => {
  const body = pool.acquire(false);
  const length = bytes.write('zz\r\n', slabStart, 'latin1');
  t.equal(body?.reframe(slabStart, length, OUT, 1000), -1);
  t.equal(body?.reframe(slabStart, length, OUT, 1000), -1);
  t.match(body?.error, { id: 'bad-chunk', status: 502 });
  if (body !== null) pool.release(body);
  t.equal(run('1\r\nx\r\n0\r\n\r\n', 1 << 20, 1000, 'decode').out, 'x');
  t.end();
});

t.test('bodies do not mix, and the pool has an end', (t) => {
  const bodies = Array.from({ length: 8 }, () => acquire());
  t.equal(pool.acquire(), null);
  const texts = bodies.map((_, i) => `${(i + 1).toString(16)}\r\n${String(i).repeat(i + 1)}\r\n0\r\n\r\n`);
  const outs = bodies.map(() => '');
  for (let at = 0; at < 30; at++) {
    for (const [i, body] of bodies.entries()) {
      const byte = (texts[i] ?? '')[at];
      if (byte === undefined) continue;
      bytes.write(byte, slabStart, 'latin1');
      const written = body.decode(slabStart, 1, OUT, 1000);
      outs[i] += bytes.toString('latin1', OUT, OUT + written);
    }
  }
  t.same(
    outs,
    bodies.map((_, i) => String(i).repeat(i + 1)),
  );
  t.ok(bodies.every((body) => body.done));
  for (const body of bodies) pool.release(body);
  t.not(pool.acquire(), null);
  t.end();
});

t.test('an output below the minimum is a mistake of the caller', (t) => {
  const body = new ChunkedPool(createLlhttp({ slabBytes: 4096, parsers: 0 })).acquire();
  t.throws(() => body?.reframe(0, 0, 0, CHUNKED_MIN_OUT - 1), RangeError);
  t.end();
});
