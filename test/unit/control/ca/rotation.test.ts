import t from 'tap';
import type { HostTrust, Rotation, TrustRecord } from '../../../../src/contract/certificate-messages.ts';
import { applyStep, beginRotation, nextStep, type RotationStep } from '../../../../src/control/ca/rotation.ts';

const OLD = 'a'.repeat(64);
const NEW = 'b'.repeat(64);
const BEGAN = 1_000_000;
const SETTLE_MS = 5_000;
const SETTLED = BEGAN + SETTLE_MS;

function host(version: number, root: string, notAfterMs: number): HostTrust {
  const certificates = [{ spiffeId: 'spiffe://example.org/ns/shop/sa/web', root, notAfterMs }];
  return { version, certificates, problem: null, atMs: 0 };
}

t.test('what a rotation does next', async (t) => {
  const late = SETTLED + 60_000;
  const wait = (waitingFor: readonly string[], untilMs: number | null): RotationStep => ({
    type: 'wait',
    waitingFor,
    untilMs,
  });
  const cases: readonly (readonly [
    string,
    Rotation['phase'],
    Readonly<Record<string, HostTrust>>,
    readonly string[],
    number,
    boolean,
    RotationStep,
  ])[] = [
    [
      'spread: a live host has not heard',
      'spread',
      { a: host(7, OLD, late), b: host(6, OLD, late) },
      ['a', 'b'],
      late,
      false,
      wait(['b'], null),
    ],
    [
      'spread: a host that is away is not waited for',
      'spread',
      { a: host(7, OLD, late), b: host(6, OLD, late) },
      ['a'],
      SETTLED,
      false,
      { type: 'reissue' },
    ],
    [
      'spread: all have, but only just',
      'spread',
      { a: host(7, OLD, late) },
      ['a'],
      SETTLED - 1,
      false,
      wait([], SETTLED),
    ],
    ['spread: nobody is there', 'spread', {}, [], SETTLED, false, { type: 'reissue' }],
    ['spread: a live host that never said anything', 'spread', {}, ['c'], SETTLED, false, { type: 'reissue' }],
    [
      'reissue: a live host shows the old root',
      'reissue',
      { a: host(7, OLD, late) },
      ['a'],
      SETTLED,
      false,
      wait(['a'], null),
    ],
    [
      'reissue: its old certificate has ended',
      'reissue',
      { a: host(7, OLD, SETTLED - 1) },
      ['a'],
      SETTLED,
      false,
      { type: 'drop' },
    ],
    ['reissue: all are renewed', 'reissue', { a: host(7, NEW, late) }, ['a'], SETTLED, false, { type: 'drop' }],
    [
      'reissue: a host that is away may come back with the old',
      'reissue',
      { a: host(7, OLD, late) },
      [],
      SETTLED,
      false,
      wait([], late),
    ],
    [
      'reissue: until its certificate has ended',
      'reissue',
      { a: host(7, OLD, late) },
      [],
      late,
      false,
      { type: 'drop' },
    ],
    ['reissue: or until somebody says so', 'reissue', { a: host(7, OLD, late) }, [], SETTLED, true, { type: 'drop' }],
    [
      'reissue: which helps not against live hosts',
      'reissue',
      { a: host(7, OLD, late) },
      ['a'],
      SETTLED,
      true,
      wait(['a'], null),
    ],
  ];
  for (const [name, phase, reports, live, nowMs, finish, expected] of cases) {
    const rotation: Rotation = { phase, from: OLD, to: NEW, sinceMs: BEGAN };
    const audience = { reports: new Map(Object.entries(reports)), live: new Set(live) };
    t.same(nextStep({ version: 7, rotation }, audience, { nowMs, settleMs: SETTLE_MS, finish }), expected, name);
  }
});

t.test('the record goes from one root over two to the other, and its version only rises', async (t) => {
  const roots = [{ fingerprint: OLD, certificate: 'old' }];
  const first: TrustRecord = { trustDomain: 'example.org', version: 5, roots, issuer: OLD, rotation: null };
  const spread = beginRotation(first, { fingerprint: NEW, certificate: 'new' }, 10);
  t.match(spread, { version: 10, issuer: OLD, rotation: { phase: 'spread', from: OLD, to: NEW } });
  t.equal(spread.roots.length, 2);
  const reissue = applyStep(spread, 'reissue', 8);
  t.match(
    reissue,
    { version: 11, issuer: NEW, rotation: { phase: 'reissue', sinceMs: 8 } },
    'also when the clock was set back',
  );
  const over = applyStep(reissue, 'drop', 20);
  t.same(over, { ...first, version: 20, roots: [{ fingerprint: NEW, certificate: 'new' }], issuer: NEW });
});
