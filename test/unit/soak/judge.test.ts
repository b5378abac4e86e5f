import t from 'tap';
import { growth, type MemorySample, renderChecks, unexcused } from '../../soak/judge.ts';
import type { Failure } from '../../soak/plan.ts';

function failure(side: 'client' | 'server', startedAt: number, endedAt: number): Failure {
  return { side, scenario: 'short', sentence: 'reset', startedAt, endedAt };
}

t.test('a killed server excuses what overlaps it, on both sides', async (t) => {
  const excuses = [{ killed: 'server', from: 1000, to: 2000 }] as const;
  t.same(unexcused([failure('client', 900, 1000), failure('server', 1999, 5000)], excuses), []);
  t.equal(unexcused([failure('client', 100, 999)], excuses).length, 1, 'before');
  t.equal(unexcused([failure('client', 2001, 2002)], excuses).length, 1, 'after');
});

t.test('a killed client excuses only what servers saw', async (t) => {
  const excuses = [{ killed: 'client', from: 1000, to: 2000 }] as const;
  t.same(unexcused([failure('server', 1000, 1500)], excuses), []);
  t.equal(unexcused([failure('client', 1000, 1500)], excuses).length, 1);
});

function memory(bytesAt: (seconds: number) => number): MemorySample[] {
  return Array.from({ length: 60 }, (_, i) => ({ seconds: 2 * i, bytes: bytesAt(2 * i) }));
}

t.test('growth is that of the second half, whatever the first did', async (t) => {
  t.equal(Math.round(growth(memory(() => 100e6))), 0);
  t.equal(Math.round(growth(memory((s) => 100e6 + s * 1000))), 58_000);
  t.equal(Math.round(growth(memory((s) => (s < 50 ? s * 1e6 : 50e6)))), 0, 'it had settled');
});

t.test('single peaks are no growth', async (t) => {
  t.equal(Math.round(growth(memory((s) => (s % 20 === 0 ? 200e6 : 100e6)))), 0);
  t.ok(growth(memory((s) => 100e6 + s * 1e6 - (s % 20 === 0 ? 50e6 : 0))) > 50e6, 'nor do dips hide it');
});

t.test('too few samples prove nothing', async (t) => {
  t.ok(Number.isNaN(growth([])));
  t.ok(Number.isNaN(growth([{ seconds: 0, bytes: 1 }])));
});

t.test('checks end with the line that is counted', async (t) => {
  const text = renderChecks([
    { passed: true, sentence: 'a' },
    { passed: false, sentence: 'b' },
  ]);
  t.equal(text, 'ok     a\nFAILED b\n1 passed, 1 failed\n');
});
