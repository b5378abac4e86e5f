import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import {
  preparePlaces,
  writeCredentials,
  writeMembership,
  writeWhole,
} from '../../../../src/agent/join/write-member.ts';
import { parseAgentConfig } from '../../../../src/config/parse-agent-config.ts';

const root = mkdtempSync(join(tmpdir(), 'towpath-member-'));
t.teardown(() => rmSync(root, { recursive: true }));
const places = { config: join(root, 'etc', 'agent.yaml'), stateDirectory: join(root, 'state') };
const membership = { mesh: 'blue', host: 'shop', servers: ['tls://10.0.0.1:4222'], ca: 'PEM\n' };
const text = (): string => readFileSync(places.config, 'utf8');

t.test('folders are made and tried before a token is used up', async (t) => {
  await preparePlaces(places);
  t.equal(statSync(places.stateDirectory).mode & 0o777, 0o700);
  writeFileSync(join(root, 'file'), '');
  await t.rejects(preparePlaces({ ...places, stateDirectory: join(root, 'file', 'state') }), {
    message: /cannot be written/,
    problems: [{ hint: /the token is still unused/ }],
  });
});

t.test('credentials are secret, whatever the file was before', async (t) => {
  writeFileSync(join(places.stateDirectory, 'nats.creds'), 'old', { mode: 0o644 });
  await writeCredentials(places.stateDirectory, 'new');
  t.equal(readFileSync(join(places.stateDirectory, 'nats.creds'), 'utf8'), 'new');
  t.equal(statSync(join(places.stateDirectory, 'nats.creds')).mode & 0o777, 0o600);
  await t.rejects(writeWhole(join(root, 'file', 'x'), '', 0o600), { code: 'ENOTDIR' });
});

t.test('a new agent file is one that the agent reads', async (t) => {
  await writeMembership(places, membership);
  const credentialsFile = join(places.stateDirectory, 'nats.creds');
  const caFile = join(places.stateDirectory, 'nats-ca.pem');
  t.match(parseAgentConfig({ text: text(), name: places.config }, {}, 'x'), {
    ok: true,
    value: {
      mesh: 'blue',
      host: 'shop',
      stateDirectory: places.stateDirectory,
      nats: { servers: membership.servers, credentialsFile, caFile, allowOpen: false },
    },
  });
  t.equal(readFileSync(caFile, 'utf8'), 'PEM\n');
});

t.test('an existing one keeps everything but mesh, host, state and nats', async (t) => {
  writeFileSync(places.config, '# ours\nhost: old # name\nnats: { allowOpen: true }\nlog: { level: debug }\n');
  await writeMembership(places, membership);
  t.match(text(), /^# ours\nhost: shop/);
  t.match(text(), /log: \{ level: debug \}/);
  t.notMatch(text(), /allowOpen/);
  writeFileSync(places.config, '\n');
  await writeMembership(places, membership);
  t.match(text(), /^# The agent of this host/);
  for (const broken of ['a: [', 'a: 1\n---\nb: 2\n']) {
    writeFileSync(places.config, broken);
    await t.rejects(writeMembership(places, membership), { message: /is no agent file/ });
    t.equal(text(), broken);
  }
});
