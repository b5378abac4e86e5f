/**
 * Differential fuzzing: generated and mutated streams of requests and of answers go to the proxy's codec, to llhttp as undici ships
 * it and to the parser of node:http. FUZZ_CASES sets how many (40,000 by default), FUZZ_SEED where they begin; a failure names the
 * number of its case, which alone reproduces it.
 */
import t from 'tap';
import type { RequestKind } from '../../../src/proxy/codec/http1/head.ts';
import { type Case, check, type Tally } from './check.ts';
import { generateStream, type StreamKind } from './generate.ts';
import { Random } from './random.ts';

const CASES = Number(process.env['FUZZ_CASES'] ?? 40_000);
const SEED = Number(process.env['FUZZ_SEED'] ?? 1);
const STEPS = [1, 1, 2, 3, 7, 16, 50];
const ASKED: readonly RequestKind[] = ['other', 'other', 'other', 'HEAD'];
const MAX_FAILURES = 5;
/** A longer run is asked for by hand. */
const LONG_MS = 3_600_000;

function makeCase(seed: number, kind: StreamKind): Case {
  const random = new Random(seed);
  const asked = kind === 'request' ? 'other' : random.pick(ASKED);
  return { text: generateStream(random, kind), kind, asked, step: random.pick(STEPS) };
}

/** Cuts out whatever the failure does not need. */
function shrink(failing: Case): Case {
  let best = failing;
  for (let size = Math.ceil(best.text.length / 2); size >= 1; size = size > 1 ? Math.ceil(size / 2) : 0) {
    for (let at = 0; at < best.text.length; ) {
      const smaller = { ...best, text: best.text.slice(0, at) + best.text.slice(at + size) };
      if (smaller.text !== '' && check(smaller, null) !== null) best = smaller;
      else at += size;
    }
  }
  return best;
}

for (const kind of ['request', 'response'] as const) {
  t.test(
    `no ${kind} that two readers frame differently is forwarded (${CASES} streams)`,
    { timeout: LONG_MS },
    async (t) => {
      const tally: Tally = { streams: 0, refused: 0, forwarded: 0, disputed: 0 };
      let failures = 0;
      for (let i = 0; i < CASES && failures < MAX_FAILURES; i++) {
        // Native parsers are freed between turns of the event loop only.
        if (i % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
        const one = makeCase(SEED + i, kind);
        const wrong = check(one, tally);
        if (wrong === null) continue;
        failures++;
        const small = shrink(one);
        t.fail(`case ${SEED + i}: ${check(small, null)}`, { text: JSON.stringify(small.text), asked: small.asked });
      }
      t.equal(failures, 0, JSON.stringify(tally));
      t.ok(tally.forwarded > tally.streams / 2, `${tally.forwarded} messages were forwarded`);
      t.ok(tally.refused > tally.streams / 10, `${tally.refused} streams were refused`);
      t.ok(tally.disputed > 0, `${tally.disputed} streams are read differently by the panel itself`);
    },
  );
}
