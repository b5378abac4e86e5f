import t from 'tap';
import { selfTest } from '../../../src/reactor/self-test.ts';
import { bindCalls, type RawCalls } from '../../../src/reactor/syscalls.ts';
import type { CallName } from './support/faulty-calls.ts';
import { openDescriptors } from './support/world.ts';

t.test('all is well here, and nothing is left open', async (t) => {
  const before = openDescriptors();
  t.equal(selfTest(), null);
  t.equal(openDescriptors(), before);
});

/** What is broken, and what the sentence must name. */
const BROKEN: readonly (readonly [string, CallName, (call: (...args: never[]) => number) => unknown, RegExp])[] = [
  ['errno', 'close', () => () => -1, /errno cannot be read/],
  ['epoll', 'epoll_wait', () => () => 0, /epoll does not report/],
  ['epoll creation', 'epoll_create1', () => () => -1, /epoll_create1/],
  ['socket', 'socket', () => () => -1, /socket/],
  ['accept', 'accept4', () => () => -1, /accept4/],
  ['getsockname', 'getsockname', () => () => -1, /getsockname/],
  ['connect', 'connect', () => () => 0, /connect/],
  ['a write that takes all and sends nothing', 'send', () => (_fd: number, _p: bigint, n: number) => n, /epoll|bytes/],
  ['SO_ERROR', 'getsockopt', () => () => 0, /reports/],
];

t.test('whatever is broken is named, and nothing is left open', async (t) => {
  for (const [name, call, breaks, sentence] of BROKEN) {
    const before = openDescriptors();
    const calls: Record<string, unknown> = { ...bindCalls() };
    const real = calls[call] as (...args: never[]) => number;
    // close must go on closing.
    const broken = breaks(real) as (...args: never[]) => number;
    calls[call] = (...args: never[]) => (call === 'close' && (args[0] ?? 0) > 0 ? real(...args) : broken(...args));
    t.match(
      selfTest(() => calls as unknown as RawCalls),
      sentence,
      name,
    );
    t.equal(openDescriptors(), before, `${name}: descriptors`);
  }
});

t.test('a missing symbol is named', async (t) => {
  const sentence = selfTest(() => {
    throw new Error('symbol accept4 not found');
  });
  t.match(sentence, /does not work with this Node \(v\d+.*accept4 not found/);
});

t.test('another OpenSSL is named, and so is a function that it lacks', async (t) => {
  t.match(
    selfTest(bindCalls, () => ({ OpenSSL_version_num: () => 0x1010117fn })),
    'Towpath needs OpenSSL 3, this Node carries 1',
  );
  const lacking = selfTest(bindCalls, () => {
    throw new Error('symbol SSL_add1_host not found');
  });
  t.match(lacking, /SSL_add1_host not found/);
});
