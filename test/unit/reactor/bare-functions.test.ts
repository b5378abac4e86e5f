import ffi from 'node:ffi';
import t from 'tap';
import { bindBare } from '../../../src/reactor/bare-functions.ts';
import { bindLibssl } from '../../../src/reactor/libssl.ts';
import { addressOf, bindCalls, bindSymbols, registerCallback } from '../../../src/reactor/syscalls.ts';

const NATIVE = /\{ \[native code\] \}$/;
const textOf = (value: unknown): string => String(value);

t.test('every function of the kernel and of OpenSSL is the native one, without a wrapper around it', (t) => {
  const { errnoCell, ...calls } = bindCalls();
  t.equal(errnoCell.length, 1);
  for (const [name, call] of Object.entries({ ...calls, ...bindLibssl() })) t.match(textOf(call), NATIVE, name);
  t.notMatch(
    textOf(ffi.dlopen(null, { close: { arguments: ['i32'], return: 'i32' } }).functions.close),
    NATIVE,
    'node:ffi wraps it',
  );
  t.end();
});

t.test('what they return is what the wrapped ones return', (t) => {
  const signatures = {
    getpid: { arguments: [], return: 'i32' },
    strtoull: { arguments: ['u64', 'u64', 'i32'], return: 'u64' },
    close: { arguments: ['i32'], return: 'i32' },
  } as const;
  const bare = bindSymbols(signatures);
  const wrapped = ffi.dlopen(null, signatures).functions;
  const text = new ArrayBuffer(32);
  new Uint8Array(text).set(Buffer.from('18446744073709551615\0'));
  t.equal(bare.getpid(), process.pid);
  t.equal(bare.strtoull(addressOf(text), 0n, 10), 0xffff_ffff_ffff_ffffn);
  t.equal(bare.strtoull(addressOf(text), 0n, 10), wrapped.strtoull(addressOf(text), 0n, 10));
  t.equal(bare.close(-1), -1);
  t.end();
});

t.test('a wrong type is refused where the call is not yet optimized', (t) => {
  const { close } = bindSymbols({ close: { arguments: ['i32'], return: 'i32' } });
  t.throws(() => Reflect.apply(close, null, ['3']), { code: 'ERR_INVALID_ARG_VALUE' });
  t.end();
});

t.test('native code may call back, and collect garbage, from within an optimized call', (t) => {
  const { qsort } = bindSymbols({ qsort: { arguments: ['u64', 'u64', 'u64', 'u64'], return: 'void' } });
  const memory = new ArrayBuffer(256);
  const values = new Int32Array(memory);
  let calls = 0;
  let kept: object[] = [];
  const compare = registerCallback({ arguments: ['u64', 'u64'], return: 'i32' }, (a: bigint, b: bigint) => {
    kept = calls++ % 1_000 === 0 ? [] : [...kept.slice(-10), { a, text: String(b) }];
    return Math.sign(ffi.getInt32(a, 0) - ffi.getInt32(b, 0));
  });
  let unsorted = 0;
  for (let round = 0; round < 4_000; round++) {
    for (let i = 0; i < values.length; i++) values[i] = (Math.imul(round + i, 2_654_435_761) >>> 3) & 1023;
    const before = { round, sum: values.reduce((a, b) => a + b) };
    qsort(addressOf(memory), BigInt(values.length), 4n, compare);
    const ordered = values.every((value, i) => i === 0 || values[i - 1] <= value);
    if (!ordered || values.reduce((a, b) => a + b) !== before.sum || before.round !== round) unsorted++;
  }
  t.equal(unsorted, 0);
  t.ok(calls > 1_000_000, `${calls} calls back`);
  t.end();
});

t.test('what is no native function stays as it is, and so do the prototypes of functions', (t) => {
  const end = Object.getPrototypeOf(Function.prototype);
  const own = (): number => 1;
  t.equal(bindBare(() => ({ own })).own, own);
  t.throws(() =>
    bindBare(() => {
      throw new Error('no such symbol');
    }),
  );
  t.throws(() => bindSymbols({ no_such_function: { arguments: [], return: 'void' } }), /no_such_function/);
  t.equal(Object.getPrototypeOf(Function.prototype), end);
  t.end();
});
