import t from 'tap';
import { PatternCheck, patternBytes } from '../../soak/pattern.ts';

t.test('a stream passes however it is cut', async (t) => {
  for (const size of [1, 7, 16, 100, 4096]) {
    const check = new PatternCheck(5 * 2 ** 32 + 1, 'up');
    const said: (string | null)[] = [];
    for (let at = 0; at < 10_000; at += size) {
      said.push(check.take(patternBytes(5 * 2 ** 32 + 1, 'up', at, Math.min(size, 10_000 - at))));
    }
    t.equal(check.seen, 10_000);
    t.ok(
      said.every((sentence) => sentence === null),
      `in pieces of ${size}`,
    );
  }
});

t.test('bytes that do not belong are told by their place', async (t) => {
  const cases: readonly (readonly [string, Buffer, number])[] = [
    ['of another stream', patternBytes(2, 'up', 0, 64), 0],
    ['of the other direction', patternBytes(1, 'down', 0, 64), 12],
    ['sent twice', Buffer.concat([patternBytes(1, 'up', 0, 32), patternBytes(1, 'up', 0, 32)]), 32],
    ['left out', Buffer.concat([patternBytes(1, 'up', 0, 32), patternBytes(1, 'up', 48, 16)]), 32],
    ['a single bit', Buffer.concat([patternBytes(1, 'up', 0, 40), Buffer.from([0xff])]), 40],
  ];
  for (const [what, bytes, place] of cases) {
    const sentence = new PatternCheck(1, 'up').take(bytes);
    const at = Number(/wrong byte at (\d+)/.exec(sentence ?? '')?.[1]);
    t.ok(at >= place && at < place + 16, `${what}: ${sentence}`);
  }
});

t.test('streams of different processes never have the same bytes', async (t) => {
  t.notSame(patternBytes(1 * 2 ** 32 + 5, 'up', 0, 16), patternBytes(2 * 2 ** 32 + 5, 'up', 0, 16));
});
