/** The root is rotated under hosts that call each other: at no moment does one show what another does not trust. */
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { ShowReply } from '../../src/contract/certificate-messages.ts';
import { serveMicro } from '../../src/contract/micro.ts';
import { commandLine } from './support/command-line.ts';
import { type IdentityAgent, startIdentityAgent } from './support/identities.ts';
import { LEASE_TTL_MS, operator, startControl, until } from './support/mesh.ts';
import { startNatsServer } from './support/nats-server.ts';

const nats = await startNatsServer();
const cli = await commandLine(nats.url);
const directory = mkdtempSync(join(tmpdir(), 'towpath-ca-'));
t.teardown(async () => {
  await cli.dispose();
  await nats.dispose();
});

const LIFETIME_MS = 8_000;
const source = { type: 'own', directory } as const;
const certificates = { trustDomain: 'towpath.internal', lifetimeMs: LIFETIME_MS, source, grants: 'open' } as const;

/** What somebody shows that somebody else does not trust, at this moment. */
function distrust(agents: readonly IdentityAgent[]): string[] {
  return agents.flatMap((shower) =>
    (shower.current?.identities ?? []).flatMap(({ chain }) => {
      const leaf = new X509Certificate(chain);
      return agents.flatMap((truster) => {
        const roots = (truster.current?.roots.match(/-----BEGIN[^-]+-----[^-]+-----END[^-]+-----/g) ?? []).map(
          (pem) => new X509Certificate(pem),
        );
        return roots.some((root) => leaf.verify(root.publicKey))
          ? []
          : [`${truster.host} does not trust ${shower.host}`];
      });
    }),
  );
}

t.test('rotation in phases, by the command line', async (t) => {
  const control = await startControl(nats.url, 'ca', LEASE_TTL_MS, certificates);
  t.teardown(() => control.stop());
  const faults: string[] = [];
  const agents: IdentityAgent[] = [];
  let together = false;
  const check = (): void => {
    if (together) faults.push(...distrust(agents));
  };
  for (const host of ['a', 'b', 'c']) agents.push(await startIdentityAgent(nats.url, host, ['web', 'api'], check));
  t.teardown(() => Promise.all(agents.map((agent) => agent.stop())));
  await until('certificates', () => agents.every(({ current }) => current?.identities.length === 2));
  together = true;

  const show = async (): Promise<ShowReply> => {
    const { status, out, err } = await cli.run('cert', 'show', '-o', 'json');
    if (status !== 0) throw new Error(`cert show: ${err}`);
    return JSON.parse(out);
  };
  await until('control has heard', async () => (await show()).hosts.length === 3);
  const [old] = (await show()).roots;
  const text = (await cli.run('cert', 'show')).out;
  t.match(text, /^trust domain towpath\.internal, certificates for 8s, a root of its own\n/);
  t.match(text, /\na +spiffe:\/\/towpath\.internal\/ns\/shop\/sa\/web +[0-9a-f]{16} +\ds +ok\n/);

  t.match(await cli.run('cert', 'rotate-root', '--finish'), { status: 1, err: /no rotation of the root is so far/ });
  t.match(await cli.run('cert', 'rotate-root'), { status: 0, out: /every host gets the new root first/ });
  t.match(await cli.run('cert', 'rotate-root'), { status: 1, err: /is under way/ });
  const phases = new Set<string>();
  await until(
    'the old root is gone',
    async () => {
      check();
      const { rotation, roots } = await show();
      phases.add(rotation === null ? 'none' : `${rotation.phase} ${roots.length}`);
      return rotation === null;
    },
    40_000,
  );
  t.same([...phases], ['spread 2', 'reissue 2', 'none']);
  const after = await show();
  t.equal(after.roots.length, 1);
  t.not(after.roots[0]?.fingerprint, old?.fingerprint);
  await until('all trust only the new one', () =>
    agents.every(({ current }) => current?.roots.split('BEGIN').length === 2),
  );
  t.same([...new Set(faults)], [], 'nobody showed what somebody did not trust');
  const keys = readdirSync(directory).filter((name) => name.endsWith('.key'));
  t.same(keys, [`${after.roots[0]?.fingerprint}.key`], 'the key of the old root is gone');
  for (const action of ['create-root', 'rotate-root', 'reissue', 'drop-root', 'issue-certificate']) {
    const recorded = async () => (await cli.run('audit', '--limit', '1000', '-o', 'json')).out.includes(`"${action}"`);
    await until(`the audit trail has ${action}`, recorded);
  }
});

t.test('a service that another replaces answers what had been asked of it', async (t) => {
  const [server, asker] = [await operator(nats.url), await operator(nats.url)];
  t.teardown(() => Promise.all([server.close(), asker.close()]));
  const endpoint = { name: 'echo', subject: 'echo.it', queueGroup: 'echo', metadata: {}, handle: async () => 'here' };
  const facts = { name: 'echo', version: '1.0.0', description: '', metadata: {}, scatterDelayMs: 0 };
  const serve = (id: string) => serveMicro(server, { ...facts, id, endpoints: [endpoint] });
  let served = serve('0');
  await server.flush();
  let asking = true;
  const askOnAndOn = async (): Promise<number> => {
    let answers = 0;
    for (; asking; answers++) await asker.request('echo.it', '', 5_000);
    return answers;
  };
  const askers = Promise.all(Array.from({ length: 16 }, askOnAndOn));
  for (let i = 1; i <= 40; i++) {
    const next = serve(String(i));
    await server.flush();
    served.leave();
    served = next;
  }
  asking = false;
  const answers = await askers;
  t.ok(answers.reduce((all, one) => all + one) > 16, `${answers} answers, and none missing`);
});

t.test('renewing by hand', async (t) => {
  const control = await startControl(nats.url, 'ca', LEASE_TTL_MS, { ...certificates, lifetimeMs: 600_000 });
  t.teardown(() => control.stop());
  const agent = await startIdentityAgent(nats.url, 'hand', ['web']);
  t.teardown(() => agent.stop());
  await until('a certificate', () => agent.current?.identities.length === 1);
  const chain = agent.current?.identities[0]?.chain;
  t.match(await cli.run('cert', 'renew', 'nobody'), { status: 1, err: /agent of nobody .* does not answer/ });
  t.match(await cli.run('cert', 'renew'), { status: 2, err: /names of hosts, or --all/ });
  t.match(await cli.run('cert', 'show', 'nobody'), { status: 1, err: /heard nothing/ });
  t.match(await cli.run('cert', 'burn'), { status: 2, err: /no verb/ });
  agent.agent.renew = () => agent.keeper.renew();
  t.match(await cli.run('cert', 'renew', 'hand'), { status: 0, out: 'hand: renewed\n' });
  t.not(agent.current?.identities[0]?.chain, chain);
  t.match(await cli.run('cert', 'renew', '--all'), { status: 0, out: /hand: renewed\n/ });
});
