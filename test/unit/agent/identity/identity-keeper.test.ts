import t, { type Test } from 'tap';
import { IdentityKeeper } from '../../../../src/agent/identity/identity-keeper.ts';
import { identitySamples } from '../../../../src/agent/identity/identity-status.ts';
import type { IdentitySet } from '../../../../src/contract/identity.ts';
import { recordingLogger } from '../../../helpers/recording-logger.ts';
import { type TestCertificateAuthority, testCertificateAuthority } from '../../../helpers/test-certificate-client.ts';

const WEB = 'spiffe://example.org/ns/shop/sa/web';

interface Rig {
  readonly keeper: IdentityKeeper;
  readonly control: TestCertificateAuthority;
  /** Sets that were put in force, oldest first. */
  readonly sets: IdentitySet[];
  readonly lines: ReturnType<typeof recordingLogger>['lines'];
  /** Wall clock of keeper and control. */
  readonly clock: { now: number };
  /** Asks now, and waits until the round is over. */
  round(): Promise<void>;
  /** As after a restart of the agent, on the same disk. */
  restart(): Promise<Rig>;
}

async function rig(
  t: Test,
  accounts: readonly string[] = ['web'],
  dir: string = t.testdir(),
  before?: Pick<Rig, 'control' | 'clock'>,
): Promise<Rig> {
  const clock = before?.clock ?? { now: Math.floor(Date.now() / 1000) * 1000 };
  const control = before?.control ?? (await testCertificateAuthority(() => clock.now));
  const sets: IdentitySet[] = [];
  const { logger, lines } = recordingLogger();
  const keeper = new IdentityKeeper({
    stateDirectory: dir,
    mesh: 'default',
    wanted: accounts.map((account) => ({ namespace: 'shop', account })),
    assignments: () => [],
    apply: async (set) => void sets.push(set),
    changed: () => {},
    nowMs: () => clock.now,
    random: () => 0.5,
    logger,
  });
  t.teardown(() => keeper.stop());
  await keeper.load();
  const round = async (): Promise<void> => {
    keeper.follow(control);
    await keeper.idle();
  };
  const restart = (): Promise<Rig> => {
    keeper.stop();
    return rig(t, accounts, dir, { control, clock });
  };
  return { keeper, control, sets, lines, clock, round, restart };
}

t.test('a first certificate, and what is said of it', async (t) => {
  const { keeper, control, sets, round } = await rig(t);
  t.same(sets, [], 'nothing is known before control answers');
  t.equal(keeper.identityOf('shop', 'web'), undefined);
  await round();
  const [set] = sets;
  t.equal(sets.length, 1);
  t.equal(set?.trustDomain, 'example.org');
  t.match(set?.roots, /BEGIN CERTIFICATE/);
  t.same(Object.keys(set?.identities[0] ?? {}).sort(), ['chain', 'key', 'notAfterMs', 'notBeforeMs', 'spiffeId']);
  t.equal(keeper.identityOf('shop', 'web'), WEB);
  t.equal(keeper.identityOf('shop', 'other'), undefined);
  const last = control.reports.at(-1);
  t.match(last, { version: 1, certificates: [{ spiffeId: WEB }], problem: null }, 'what is in force is acknowledged');
  const names = identitySamples(keeper.status()).map(({ name }) => name);
  t.ok(names.includes('towpath_certificate_expiration_timestamp_seconds'));
  t.notMatch(JSON.stringify(keeper.status()), /PRIVATE/, 'no key is in the status');
});

t.test('renewed at half of its life, with a new key; kept before', async (t) => {
  const { control, sets, clock, round } = await rig(t);
  await round();
  clock.now += 20_000;
  await round();
  t.equal(control.signed, 1);
  clock.now += 10_000;
  await round();
  t.equal(control.signed, 2);
  t.not(sets[1]?.identities[0]?.key, sets[0]?.identities[0]?.key);
  t.equal(sets.length, 2);
});

t.test('control is away: kept to the end, then dropped with the reason, then had again', async (t) => {
  const { keeper, control, sets, clock, lines, round } = await rig(t);
  await round();
  control.refusal = 'no answer in time';
  clock.now += 59_000;
  await round();
  t.equal(keeper.identityOf('shop', 'web'), WEB, 'in its last second it is still good');
  t.match(keeper.status().problem, /no answer in time/);
  clock.now += 2_000;
  await round();
  t.equal(keeper.identityOf('shop', 'web'), undefined);
  t.same(sets.at(-1)?.identities, [], 'the data threads show it no more');
  const said = lines.find(({ level }) => level === 'error');
  t.match(said?.message, /has ended and could not be renewed/);
  t.match(said?.fields, { spiffeId: WEB, reason: /no answer in time/ });
  t.equal(keeper.status().identities[0]?.state, 'expired');
  control.refusal = null;
  await round();
  t.equal(keeper.identityOf('shop', 'web'), WEB);
  t.equal(sets.at(-1)?.identities.length, 1);
});

t.test('a restart without control uses what is on the disk', async (t) => {
  const first = await rig(t, ['web', 'api']);
  await first.round();
  first.control.connected = false;
  const second = await first.restart();
  t.equal(second.sets.length, 1, 'in force before anybody was asked');
  t.equal(second.sets[0]?.identities.length, 2);
  t.equal(second.sets[0]?.identities[0]?.key, first.sets[0]?.identities[0]?.key);
  await second.round();
  t.notOk(
    second.lines.some(({ level }) => level === 'warn'),
    'the link has said already that NATS is away',
  );
  second.clock.now += 61_000;
  const third = await second.restart();
  t.same(third.sets[0]?.identities, [], 'what has ended meanwhile is not used');
});

t.test('one identity that is refused keeps no other from being had', async (t) => {
  const { keeper, control, round } = await rig(t, ['admin', 'web']);
  control.refused.add('admin');
  await round();
  t.equal(keeper.identityOf('shop', 'web'), WEB);
  t.equal(keeper.identityOf('shop', 'admin'), undefined);
  t.match(keeper.status().problem, /not the account admin/);
  t.equal(keeper.status().identities[0]?.state, 'missing');
});

t.test('the root is changed: trusted first, then used, then the old one goes', async (t) => {
  const { control, sets, round } = await rig(t);
  await round();
  const old = control.trustInForce.roots[0]?.fingerprint ?? '';
  const next = await control.addRoot();
  await round();
  t.equal(sets.at(-1)?.roots.split('BEGIN').length, 3, 'two roots are trusted');
  t.equal(control.signed, 1, 'and the certificate stays');
  control.use(next);
  await round();
  t.equal(control.signed, 2, 'renewed at once, although it was young');
  t.equal(control.reports.at(-1)?.certificates[0]?.root, next.root);
  control.drop({ ...next, root: old });
  await round();
  t.equal(sets.at(-1)?.roots.split('BEGIN').length, 2);
  t.equal(control.signed, 2);
});

t.test('control that went back to older roots is not followed', async (t) => {
  const { control, sets, lines, round } = await rig(t);
  await round();
  const before = control.trustInForce;
  await control.addRoot();
  await round();
  control.trustInForce = before;
  await round();
  t.equal(sets.at(-1)?.roots.split('BEGIN').length, 3);
  t.ok(lines.some(({ message }) => /went back/.test(message)));
});

t.test('a certificate of a foreign root is not put in force', async (t) => {
  const { keeper, control, round } = await rig(t);
  const foreign = await testCertificateAuthority(Date.now);
  const sign = control.sign;
  control.sign = async (request) => ({ ...(await sign(request)), chain: (await foreign.sign(request)).chain });
  await round();
  t.equal(keeper.identityOf('shop', 'web'), undefined);
  t.match(keeper.status().problem, /of no use: no trusted root/);
});

t.test('a certificate for another key is refused in one sentence, and the one before stays in force', async (t) => {
  const { keeper, control, sets, lines, clock, round, restart } = await rig(t);
  await round();
  const [first] = sets;
  const chain = first?.identities[0]?.chain ?? '';
  const { sign } = control;
  control.sign = async (request) => ({ ...(await sign(request)), chain });
  clock.now += 31_000;
  await round();
  t.equal(control.signed, 2, 'a new one was asked for, with a new key');
  t.equal(keeper.status().problem, `the certificate that control sent for ${WEB} is of no use: it is for another key`);
  t.match(lines.at(-1), { level: 'warn', fields: { reason: /it is for another key/ } });
  t.equal(sets.length, 1, 'nothing else was put in force');
  t.equal(keeper.identityOf('shop', 'web'), WEB);
  control.connected = false;
  const again = await restart();
  t.same(again.sets[0]?.identities, first?.identities, 'nor was anything else saved');
});

t.test('renewing by hand', async (t) => {
  const { keeper, control, round } = await rig(t);
  await round();
  await keeper.renew();
  t.equal(control.signed, 2);
  control.refusal = 'no answer in time';
  await t.rejects(keeper.renew(), /no answer in time/);
});
