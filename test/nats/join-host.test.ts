/** From nothing to two members with the commands that people type, and what a token cannot be made to do. */
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { runCli } from '../../src/cli/run-cli.ts';
import { readCredentials, readToken } from '../../src/contract/nats-jwt.ts';
import { loadSecurity } from '../../src/control/secure/load-security.ts';
import { freePorts } from '../helpers/free-ports.ts';
import { recordingIo } from '../helpers/recording-io.ts';
import { startAgent, startControl, until } from './support/mesh.ts';
import { launchWith } from './support/nats-server.ts';

t.setTimeout(150_000);
const root = await mkdtemp(join(tmpdir(), 'towpath-join-'));
const [port = 0] = await freePorts(1);
const dir = join(root, 'etc');
const env = { TOWPATH_CLIENT_FILE: join(dir, 'client.yaml') };
const towpath = async (...args: readonly string[]) => {
  const { io, written } = recordingIo(env);
  const status = await runCli(args, io);
  return { status, ...written };
};

const made = await towpath(
  'control',
  'init',
  '--dir',
  dir,
  '--data',
  join(root, 'data'),
  '--listen',
  `127.0.0.1:${port}`,
);
t.equal(made.status, 0, made.err);
t.match(made.out, /towpath join-token create/);
t.match(await towpath('control', 'init', '--dir', dir), { status: 1, err: /there is a mesh in .* already/ });
const nats = await launchWith('nats-server', join(dir, 'nats', 'nats.conf'), root, port);
const security = await loadSecurity(join(dir, 'control'));
const { localServer, credentialsFile, caFile } = security;
const control = await startControl(localServer, 'test', 1_000, null, { security, credentialsFile, caFile });
t.teardown(async () => {
  await control.stop();
  await nats.kill();
  await rm(root, { recursive: true, force: true });
});
await until(
  'control answers',
  async () => {
    // Control runs in this process: asked without pause, it does not come to start.
    await sleep(250);
    return (await towpath('status')).status === 0;
  },
  45_000,
);

const create = async (...args: readonly string[]): Promise<string> => {
  const { status, out, err } = await towpath('join-token', 'create', ...args);
  t.equal(status, 0, err);
  return out.trim();
};
const joinAs = (host: string, token: string) =>
  towpath(
    'agent',
    'join',
    token,
    '--config',
    join(root, host, 'agent.yaml'),
    '--state',
    join(root, host, 'state'),
    '--host',
    host,
  );

t.test('two hosts join, and their agents work', async (t) => {
  for (const host of ['shop', 'orders']) {
    const joined = await joinAs(host, await create('--for', host));
    t.match(joined, { status: 0, out: /is a member of the mesh "default"/ });
    const creds = join(root, host, 'state', 'nats.creds');
    t.equal((await stat(creds)).mode & 0o777, 0o600);
    t.match(
      await readFile(join(root, host, 'agent.yaml'), 'utf8'),
      new RegExp(`host: ${host}\n(.*\n)*.*tls://127.0.0.1:${port}`),
    );
    const agent = startAgent(localServer, host, [], { credentialsFile: creds, caFile });
    t.teardown(() => agent.link.stop());
  }
  await until(
    'both are there',
    async () => {
      await sleep(250);
      return /orders +SYNCED[\s\S]*shop +SYNCED/.test((await towpath('status')).out);
    },
    45_000,
  );
});

t.test('a captured join token cannot be used twice', async (t) => {
  const token = await create();
  t.match(await joinAs('one', token), { status: 0 });
  for (const host of ['one', 'two'])
    t.match(await joinAs(host, token), {
      status: 1,
      err: /was used by the host one at .*towpath join-token create --for/,
    });
  const atOnce = await create();
  const results = await Promise.all(['p', 'q', 'r'].map((host) => joinAs(host, atOnce)));
  t.equal(results.filter(({ status }) => status === 0).length, 1, 'of three at the same moment one joins');
});

t.test('every other token is refused in one sentence that says what to do', async (t) => {
  const revoked = await create();
  const id = /\n?(\S+) +OPEN/.exec((await towpath('join-token', 'list')).out)?.[1] ?? '';
  t.match(await towpath('join-token', 'revoke', id), { status: 0 });
  t.match(await joinAs('three', revoked), { status: 1, err: /was revoked at .*towpath join-token create --for three/ });
  t.match(await joinAs('three', await create('--for', 'four')), {
    status: 1,
    err: /is for the host four.*--host four/,
  });
  t.match(await joinAs('shop', await create()), { status: 1, err: /a host called shop joined at .*--for shop/ });
  t.match(await joinAs('three', 'towpath-join-x'), { status: 1, err: /damaged/ });
  t.match(await joinAs('three', 'x'), { status: 1, err: /begins with towpath-join-/ });
  const old = JSON.parse(Buffer.from(revoked.slice('towpath-join-'.length), 'base64url').toString());
  const line = (value: object): string =>
    `towpath-join-${Buffer.from(JSON.stringify({ ...old, ...value })).toString('base64url')}`;
  t.match(await joinAs('three', line({ expiresMs: Date.now() - 60_000 })), { status: 1, err: /expired \d min ago/ });
  t.match(await joinAs('three', line({ mesh: 'other' })), { status: 1, err: /Permissions Violation|does not answer/ });
  t.match(await joinAs('three', line({ jwt: old.jwt.slice(0, -8) })), {
    status: 1,
    err: /does not take this join token/,
  });
  t.match(await joinAs('three', line({ ca: security.ca.replace('A', 'B') })), {
    status: 1,
    err: /no NATS server of the mesh can be used/,
  });
  t.match((await towpath('join-token', 'list')).out, /REVOKED[\s\S]*OPEN/);
});

t.test('a host takes its own place by a token for it, and its old agent file stays', async (t) => {
  const before = readCredentials(await readFile(join(root, 'shop', 'state', 'nats.creds'), 'utf8'));
  t.match(await joinAs('shop', await create('--for', 'shop', '--identity', 'shop/cart', '--identity-ttl', '2h')), {
    status: 0,
  });
  const after = readCredentials(await readFile(join(root, 'shop', 'state', 'nats.creds'), 'utf8'));
  t.not(before?.seed, after?.seed);
  const facts = readToken(after?.token ?? '');
  t.ok(Math.abs((facts?.expiresMs ?? 0) - Date.now() - 2 * 3_600_000) < 60_000, 'as long as the operator said');
});

t.test('a revoked host is out at once, and stays out', async (t) => {
  const creds = join(root, 'orders', 'state', 'nats.creds');
  const agent = startAgent(localServer, 'orders', [], { credentialsFile: creds, caFile });
  t.teardown(() => agent.link.stop());
  await until('it is connected', () => agent.link.stats().connected, 45_000);
  t.match(await towpath('host', 'revoke', 'orders', '--keys', join(dir, 'keys')), { status: 0, out: /no longer/ });
  await until('its connection is ended', () => !agent.link.stats().connected);
  t.match(await towpath('host', 'revoke', 'nobody', '--keys', join(dir, 'keys')), { status: 1, err: /no host nobody/ });
  t.match(await joinAs('orders', await create('--for', 'orders')), { status: 0 }, 'until it joins anew');
  await until('with other credentials it is back', () => agent.link.stats().connected, 40_000);
});
