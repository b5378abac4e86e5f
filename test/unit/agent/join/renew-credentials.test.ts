import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import {
  CredentialRenewal,
  credentialFacts,
  expiryAdvice,
  isDue,
} from '../../../../src/agent/join/renew-credentials.ts';
import type { Bus, BusMessage } from '../../../../src/contract/bus-types.ts';
import {
  formatCredentials,
  makeKey,
  type NatsKey,
  readCredentials,
  scopedUserToken,
} from '../../../../src/contract/nats-jwt.ts';
import { subjectsOf } from '../../../../src/contract/subjects.ts';
import { recordingLogger } from '../../../helpers/recording-logger.ts';

const HOUR_MS = 3_600_000;
const account = makeKey('account');
const host = makeKey('user');
const tokenFor = (name: string, key: NatsKey, expiresMs: number): Promise<string> =>
  scopedUserToken(name, key.publicKey, account.publicKey, account.seed, expiresMs);

const folder = mkdtempSync(join(tmpdir(), 'towpath-renew-'));
t.teardown(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'nats.creds');

t.test('when credentials are due, and what is said once they are over', async (t) => {
  const facts = { name: 'shop', publicKey: 'U', issuedMs: 1_000, expiresMs: 3_000 };
  t.notOk(isDue(facts, 1_999));
  t.ok(isDue(facts, 2_000));
  t.notOk(isDue({ ...facts, expiresMs: null }, 9e15));
  t.equal(expiryAdvice(facts, 'shop', 2_999), null);
  t.equal(expiryAdvice({ ...facts, expiresMs: null }, 'shop', 9e15), null);
  t.equal(
    expiryAdvice(facts, 'shop', 3_000),
    'the NATS credentials of this host expired at 1970-01-01T00:00:03.000Z: on the control host run "towpath join-token create --for shop", and here "towpath agent join TOKEN"',
  );
});

t.test('facts of a file', async (t) => {
  t.equal(await credentialFacts(join(folder, 'nothing')), null);
  writeFileSync(file, 'no credentials');
  t.equal(await credentialFacts(file), null);
  writeFileSync(file, formatCredentials(await tokenFor('shop', host, Date.now() + HOUR_MS), host.seed));
  t.match(await credentialFacts(file), { name: 'shop', publicKey: host.publicKey });
});

/** Control, as far as it is asked here. */
function busThat(answer: () => Promise<object>, refusal = ''): { bus: Bus; asked: string[] } {
  const asked: string[] = [];
  const request = async (subject: string): Promise<Partial<BusMessage>> => {
    asked.push(subject);
    const data = Buffer.from(JSON.stringify(await answer()));
    return { data, header: (name) => (name === 'Nats-Service-Error-Code' && refusal !== '' ? '403' : refusal) };
  };
  return { bus: { connected: true, request } as unknown as Bus, asked };
}

t.test('half of the life over: asked, checked, and written whole', async (t) => {
  const expiresMs = Date.now() + 100 * HOUR_MS;
  const old = formatCredentials(await tokenFor('shop', host, Date.now() - 5_000), host.seed);
  const { logger, lines } = recordingLogger();
  const look = async (bus: Bus): Promise<string> => {
    writeFileSync(file, old);
    await new CredentialRenewal(bus, subjectsOf('default'), 'shop', file, logger).look();
    return readFileSync(file, 'utf8');
  };
  const good = busThat(async () => ({ jwt: await tokenFor('shop', host, expiresMs), expiresMs }));
  const renewed = await look(good.bus);
  t.same(good.asked, ['towpath.v1.default.control.identity.renew.shop']);
  t.equal(readCredentials(renewed)?.seed, host.seed, 'the key stays');
  t.not(renewed, old);
  t.equal(statSync(file).mode & 0o777, 0o600);
  await new CredentialRenewal(good.bus, subjectsOf('default'), 'shop', file, logger).look();
  t.equal(good.asked.length, 1, 'fresh ones are not due');

  const other = makeKey('user');
  const wrong = [
    busThat(async () => ({ jwt: await tokenFor('shop', other, expiresMs), expiresMs })),
    busThat(async () => ({ jwt: await tokenFor('orders', host, expiresMs), expiresMs })),
    busThat(async () => ({ jwt: 'x', expiresMs })),
    busThat(async () => ({})),
    busThat(async () => ({}), 'the host shop is not a member of this mesh'),
  ];
  for (const { bus } of wrong) t.equal(await look(bus), old, 'an answer that is not about this key changes nothing');
  t.match(lines.at(-1), { level: 'warn', fields: { reason: /is not a member/ } });
});
