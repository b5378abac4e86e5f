import t from 'tap';
import { BodyFlow } from '../../../src/proxy/body-flow.ts';
import { ChunkedPool } from '../../../src/proxy/codec/http1/chunked.ts';
import {
  FRAMING_CHUNKED,
  FRAMING_LENGTH,
  FRAMING_NONE,
  FRAMING_UNTIL_CLOSE,
} from '../../../src/proxy/codec/http1/http1-head.ts';
import { createLlhttp } from '../../../src/proxy/codec/http1/llhttp.ts';

const llhttp = createLlhttp({ slabBytes: 4 * 1024 * 1024, parsers: 1 });
const bytes = Buffer.from(llhttp.memory);
const pool = new ChunkedPool(llhttp);
const IN = llhttp.slabStart;
const OUT = IN + 65_536;

function append(flow: BodyFlow, text: string, capacity = 65_536): string | number {
  const n = flow.append(IN, bytes.write(text, IN, 'latin1'), OUT, capacity);
  return n < 0 ? n : bytes.toString('latin1', OUT, OUT + n);
}

t.test('a body of known length takes its own bytes and no more', async (t) => {
  const flow = new BodyFlow(pool, bytes, true);
  t.ok(flow.start(FRAMING_LENGTH, 5));
  t.equal(append(flow, 'abc'), 'abc');
  t.notOk(flow.done);
  t.equal(append(flow, 'deNEXT'), 'de');
  t.equal(flow.consumed, 2);
  t.ok(flow.done);
  flow.start(FRAMING_LENGTH, 5);
  t.equal(flow.take(3), 3);
  t.equal(flow.take(100), 2);
  t.ok(flow.done);
});

t.test('no body is done at once, one until the end never', async (t) => {
  const flow = new BodyFlow(pool, bytes, true);
  flow.start(FRAMING_NONE, 0);
  t.ok(flow.done);
  flow.start(FRAMING_LENGTH, 0);
  t.ok(flow.done);
  flow.start(FRAMING_UNTIL_CLOSE, 0);
  t.equal(flow.take(1e9), 1e9);
  t.notOk(flow.done);
});

t.test('the last decoder is lent, given back, and refuses in the words of its side', async (t) => {
  const others: BodyFlow[] = [];
  for (let one = new BodyFlow(pool, bytes, true); one.start(FRAMING_CHUNKED, 0); one = new BodyFlow(pool, bytes, true))
    others.push(one);
  others.pop()?.end();
  const request = new BodyFlow(pool, bytes, true);
  const response = new BodyFlow(pool, bytes, false);
  t.ok(request.start(FRAMING_CHUNKED, 0));
  t.notOk(response.start(FRAMING_CHUNKED, 0), 'none is left');
  t.equal(append(request, '3;x=y\r\nabc\r\n0\r\n\r\nNEXT'), '3\r\nabc\r\n0\r\n\r\n');
  t.ok(request.done);
  t.equal(request.consumed, 17);
  request.end();
  request.end();
  const words: string[] = [];
  for (const flow of [request, response]) {
    t.ok(flow.start(FRAMING_CHUNKED, 0), 'given back exactly once');
    t.equal(append(flow, 'zz\r\n'), -1);
    words.push(flow.refusal);
    flow.end();
  }
  t.not(words[0], '');
  for (const other of others) other.end();
});

t.test('starting again gives back what an unfinished body held', async (t) => {
  const flow = new BodyFlow(pool, bytes, true);
  t.ok(flow.start(FRAMING_CHUNKED, 0));
  t.ok(flow.start(FRAMING_CHUNKED, 0));
  flow.end();
});
