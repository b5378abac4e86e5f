/**
 * Mutual TLS between hosts, by real programs that know nothing of it. Two witnesses tell what was on the wire: the agents' counters, and
 * the server's kernel, which looks for a word in every packet that comes from outside or goes there.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { makeRoot, makeSvid } from '../helpers/make-svid.ts';
import { type TestLab, withLab } from './support/lab.ts';
import { nginx, type Program, pairServices } from './support/pair.ts';
import { assertSound } from './support/traffic.ts';

const PORTS = { web: 80, h2: 81, redis: 6379, greeter: 7000 };
const WORD = 'canal-horse-27';
const WEB = 'towpath.internal/ns/test/sa/web';
const HTTP = [
  `server { listen ${PORTS.web}; location / { return 200 "$request_uri $connection\\n"; } }`,
  `server { listen ${PORTS.h2} http2; location / { return 200 "$server_protocol $request_uri\\n"; } }`,
].join('\n');
const REDIS: Program = {
  name: 'redis',
  command: ['redis-server', '--bind', '*', '--protected-mode', 'no', '--save', ''],
  ready: { port: PORTS.redis },
};
const GREETER: Program = {
  name: 'greeter',
  command: [
    'socat',
    `TCP-LISTEN:${PORTS.greeter},fork,reuseaddr`,
    `SYSTEM:echo 220 ${WORD}; read line; echo 250 $line`,
  ],
};
const workload = (name: string, account: string, ports: Readonly<Record<string, number>>): object => ({
  mutualTls: true,
  workloads: [{ name, namespace: 'test', serviceAccount: account, labels: { app: name }, ports }],
});
const TOPOLOGY = {
  control: 'control',
  hosts: {
    control: {},
    client: { agent: { config: workload('client', 'web', { own: 9000 }) } },
    server: {
      agent: { config: workload('server', 'orders', PORTS) },
      programs: [nginx(HTTP, PORTS.web), REDIS, GREETER],
    },
    stranger: {},
  },
};
const policy = (kind: string, name: string, spec: string): string =>
  `apiVersion: security.istio.io/v1\nkind: ${kind}\nmetadata: { name: ${name}, namespace: test }\nspec: ${spec}\n`;

/** Packets between the server and other hosts that have the word in them, either way. */
async function readable(lab: TestLab): Promise<number> {
  const listed = await lab.run('server', ['iptables', '-nvxL']);
  const lines = listed.split('\n').filter((line) => line.includes(WORD));
  if (lines.length !== 2) throw new Error(`the kernel does not look for the word: ${listed}`);
  return lines.reduce((sum, line) => sum + Number(line.trim().split(/\s+/)[0]), 0);
}

async function watchTheWire(lab: TestLab): Promise<void> {
  for (const way of ['INPUT ! -i lo', 'OUTPUT ! -o lo'])
    await lab.shell('server', `iptables -I ${way} -p tcp -m string --algo bm --string ${WORD}`);
}

interface Seen {
  readonly mutual: number;
  readonly plain: number;
  readonly failures: number;
  readonly words: number;
}

async function look(lab: TestLab): Promise<Seen> {
  const [client, server] = [await lab.metrics('client'), await lab.metrics('server')];
  const arrived = (security: string): number =>
    server.value('towpath_inbound_mtls_total', { connection_security_policy: security, result: 'accepted' });
  return {
    mutual: arrived('mutual_tls'),
    plain: arrived('none') + arrived('tls'),
    failures: client.value('towpath_tls_failures_total') + server.value('towpath_tls_failures_total'),
    words: await readable(lab),
  };
}

/** What `body` has changed of it. */
async function seen(lab: TestLab, body: () => Promise<void>): Promise<Seen> {
  const before = await look(lab);
  await body();
  const after = await look(lab);
  const { mutual, plain, failures, words } = before;
  return {
    mutual: after.mutual - mutual,
    plain: after.plain - plain,
    failures: after.failures - failures,
    words: after.words - words,
  };
}

const curl = (url: string): string[] => ['curl', '-s', '-4', '-m', '5', url];
const web = (lab: TestLab): string => `http://${lab.address('server', 'ipv4')}/${WORD}`;

async function refusedBecause(lab: TestLab, labels: Readonly<Record<string, string>>): Promise<number> {
  return lab.counter('server', 'towpath_inbound_mtls_total', { result: 'refused', mode: 'STRICT', ...labels });
}

/** `openssl s_client`, as whoever has such a certificate; '' = none. */
async function hostile(t: Test, lab: TestLab, flags: readonly string[], reason: string, why: string): Promise<void> {
  const failed = (): Promise<number> =>
    lab.counter('server', 'towpath_tls_failures_total', { side: 'server', reason: why });
  const before = [await refusedBecause(lab, { reason }), why === '' ? 0 : await failed()];
  const to = `${lab.address('server', 'ipv4')}:${PORTS.web}`;
  const { stdout } = await lab.exec(
    'stranger',
    ['openssl', 's_client', '-connect', to, ...flags],
    'GET / HTTP/1.0\r\n\r\n',
  );
  t.notMatch(stdout, '200 OK', flags.join(' '));
  const after = [await refusedBecause(lab, { reason }), why === '' ? 0 : await failed()];
  t.same(after, [(before[0] ?? 0) + 1, why === '' ? 0 : (before[1] ?? 0) + 1], `${flags.join(' ')}: ${reason} ${why}`);
}

const folder = mkdtempSync(join(tmpdir(), 'towpath-mtls-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
t.setTimeout(120_000);

await withLab(TOPOLOGY, async (lab) => {
  await lab.apply(pairServices(PORTS));
  await lab.waitFor('both hosts to hold a certificate', 15_000, async () => {
    const { stdout } = await lab.exec('client', ['towpath', 'explain', 'GET', 'http://web.test/']);
    return stdout.includes('spiffe://towpath.internal/ns/test/sa/orders by mutual TLS');
  });
  await watchTheWire(lab);

  await t.test(
    'HTTP/1.1, HTTP/2, redis and a server that speaks first: nobody on the wire can read them',
    async (t) => {
      const counted = await seen(lab, async () => {
        t.match(await lab.run('client', curl(`http://web.test/${WORD}`)), `/${WORD} `);
        t.equal(
          await lab.run('client', [...curl(`http://h2.test:81/${WORD}`), '--http2-prior-knowledge']),
          `HTTP/2.0 /${WORD}\n`,
        );
        t.equal(await lab.run('client', ['redis-cli', '-h', 'redis.test', 'set', 'x', WORD]), 'OK\n');
        t.equal(await lab.run('client', ['redis-cli', '-h', 'redis.test', 'get', 'x']), `${WORD}\n`);
        const heard = await lab.shell('client', 'echo EHLO | nc -4 -w 5 greeter.test 7000');
        t.equal(heard, `220 ${WORD}\n250 EHLO\n`);
      });
      t.same(counted, { mutual: 5, plain: 0, failures: 0, words: 0 });
      t.equal(await lab.counter('client', 'towpath_tls_handshakes_total', { side: 'client' }), 5);
    },
  );

  await t.test('a host without an agent is served in plain text, as everybody can read', async (t) => {
    const counted = await seen(lab, async () => {
      t.match(await lab.run('stranger', curl(web(lab))), WORD);
    });
    t.match(counted, { mutual: 0, plain: 1, failures: 0 });
    t.ok(counted.words >= 2, 'the witness sees the word in the request and in the answer');
  });

  await t.test('the principal reaches authorization: only the account that is named gets in', async (t) => {
    const rule = `{ from: [{ source: { notPrincipals: [${WEB}] } }], to: [{ operation: { ports: ['80'] } }] }`;
    await lab.apply(policy('AuthorizationPolicy', 'who', `{ action: DENY, rules: [${rule}] }`));
    t.match(await lab.run('client', curl('http://web.test/in')), '/in ');
    t.match(await lab.run('server', curl('http://web.test/own')), 'RBAC', 'orders calls orders, through its own agent');
    t.match(await lab.run('stranger', curl(web(lab))), 'RBAC', 'nobody calls');
  });

  await t.test(
    'STRICT: plaintext, downgraded ALPN, TLS 1.2, no certificate and that of another mesh are refused',
    async (t) => {
      await lab.apply(policy('PeerAuthentication', 'default', '{ mtls: { mode: STRICT } }'));
      const serial = async (): Promise<number> =>
        Number((await lab.run('client', curl('http://web.test/x'))).split(' ')[1]);
      const before = await serial();
      t.equal((await lab.exec('stranger', curl(web(lab)))).exitCode, 56, 'a reset');
      t.equal(await refusedBecause(lab, { reason: 'plaintext', connection_security_policy: 'none' }), 1);
      const other = await makeRoot('other.example');
      const svid = await makeSvid(other, 'spiffe://other.example/ns/test/sa/web');
      writeFileSync(join(folder, 'other.crt'), svid.chain);
      writeFileSync(join(folder, 'other.key'), svid.key);
      const asOther = ['-cert', join(folder, 'other.crt'), '-key', join(folder, 'other.key')];
      await hostile(t, lab, ['-alpn', 'h2,http/1.1', ...asOther], 'foreign-tls', '');
      await hostile(t, lab, asOther, 'foreign-tls', '');
      await hostile(t, lab, ['-alpn', 'towpath-http/1.1', '-tls1_2', ...asOther], 'handshake', 'tls-version');
      await hostile(t, lab, ['-alpn', 'towpath-http/1.1'], 'handshake', 'no-certificate');
      await hostile(t, lab, ['-alpn', 'towpath-http/1.1', ...asOther], 'handshake', 'unknown-authority');
      t.ok((await serial()) - before <= 1, 'nginx has heard of none of them');
      const { stdout } = await lab.exec('server', ['towpath', 'explain', 'GET', 'http://x:80/', '--inbound']);
      t.match(stdout, 'PeerAuthentication test/default (STRICT) accepts mutual TLS of the mesh alone');
    },
  );

  await t.test('certificates are renewed under load: no request fails, and a connection lives on', async (t) => {
    const session = lab.spawn('client', ['redis-cli', '-h', 'redis.test']);
    session.write('set lives on\n');
    await lab.waitFor('the session', 20_000, async () => session.stdout.includes('OK'));
    const requests = 'while :; do curl -s -4 -o /dev/null -m 5 -w "%{http_code}\\n" http://web.test/; done';
    const load = lab.spawn('client', ['sh', '-c', requests]);
    const full = (): Promise<number> =>
      lab.counter('client', 'towpath_tls_handshakes_total', { side: 'client', resumed: 'false' });
    const before = await full();
    t.match(await lab.towpath('cert', 'renew', '--all'), { exitCode: 0 });
    t.equal(await lab.run('client', ['redis-cli', '-h', 'redis.test', 'get', 'lives']), 'on\n');
    t.equal(
      await full(),
      before + 1,
      'a new connection is made with the new certificates, not with a session of before',
    );
    const codes = (await load.stop('SIGKILL')).stdout.split('\n').slice(0, -1);
    t.same([...new Set(codes)], ['200'], `each of ${codes.length} requests was answered`);
    session.write('get lives\n');
    session.end();
    t.match((await session.ended).stdout, /OK\non\n$/, 'on the connection of before');
  });

  await t.test('a port that says DISABLE is reached in plain text, the others are not', async (t) => {
    const mtls = '{ selector: { matchLabels: { app: server } }, portLevelMtls: { 6379: { mode: DISABLE } } }';
    await lab.apply(policy('PeerAuthentication', 'server', mtls));
    const counted = await seen(lab, async () => {
      t.equal(await lab.run('client', ['redis-cli', '-h', 'redis.test', 'get', 'x']), `${WORD}\n`);
      t.match(await lab.run('client', curl(`http://web.test/${WORD}`)), WORD);
    });
    t.match(counted, { plain: 1, failures: 0 });
    t.ok(counted.words > 0);
  });

  await t.test('the agents are sound at the end', async (t) => assertSound(t, lab, ['client', 'server']));
});
