import fc from 'fast-check';
import t from 'tap';
import { FrameReader, frame } from '../../../../src/agent/dns/frames.ts';

t.test('however a stream is cut, its messages come out as they went in', async () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 });
  fc.assert(
    fc.property(messages, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (sent, cuts) => {
      const stream = Buffer.concat(sent.map((bytes) => frame(Buffer.from(bytes))));
      const reader = new FrameReader();
      const found: Buffer[] = [];
      for (let at = 0, i = 0; at < stream.length; i++) {
        const length = cuts[i % cuts.length] ?? 1;
        found.push(...reader.push(stream.subarray(at, at + length)));
        at += length;
      }
      return found.length === sent.length && found.every((bytes, i) => bytes.equals(sent[i] ?? Buffer.alloc(0)));
    }),
  );
});

t.test('what is held for the rest of a message is known', async (t) => {
  const reader = new FrameReader();
  t.same(reader.push(Buffer.from([0, 9, 1, 2])), []);
  t.equal(reader.held, 4);
  t.equal(reader.push(Buffer.alloc(7)).length, 1);
  t.equal(reader.held, 0);
});
