/** One host with an agent that follows files: calls to itself, rules that somebody breaks, files that change, and a clean end. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { startWatch } from '../helpers/stopwatch.ts';
import { type TestLab, withLab } from './support/lab.ts';
import { assertUnharmed, requestMany, startLoad } from './support/load.ts';
import { nginx } from './support/pair.ts';
import { assertSound, connections, countsExactly, NOTHING } from './support/traffic.ts';

const VIP = '240.240.0.10';
const folder = mkdtempSync(join(tmpdir(), 'towpath-standalone-'));
const file = join(folder, 'mesh.yaml');
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

/** `own` runs on the agent's host, `peer` elsewhere; the weights are those of the route. */
const resources = (own: number, peer: number): string => `
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { clusterIP: ${VIP}, selector: { app: web }, ports: [{ name: http, port: 80 }] }
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: web }
spec:
  parentRefs: [{ group: "", kind: Service, name: web }]
  rules: [{ backendRefs: [{ name: own, port: 80, weight: ${own} }, { name: peer, port: 80, weight: ${peer} }] }]
${['own', 'peer']
  .map(
    (name, i) => `---
apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec: { selector: { app: web, version: ${name} }, ports: [{ name: http, port: 80 }] }
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: ${name}, labels: { app: web, version: ${name} } }
spec: { address: 10.77.0.${i + 2}, ports: { http: 80 } }
`,
  )
  .join('')}`;

const web = (name: string) =>
  nginx(`server { listen 80; listen [::]:80; location / { return 200 "${name} $remote_addr\\n"; } }`, 80);
const TOPOLOGY = {
  hosts: {
    own: {
      agent: {
        standalone: [file],
        config: { workloads: [{ name: 'web', labels: { app: 'web' }, ports: { http: 80 } }] },
      },
      programs: [web('own')],
    },
    peer: { programs: [web('peer')] },
  },
};

const curl = (lab: TestLab, url: string): Promise<string> => lab.run('own', ['curl', '-sf', '-m', '5', url]);
/** Both tables and the sets, without what changes by itself. */
async function firewall(lab: TestLab): Promise<string> {
  const text = await lab.shell(
    'own',
    'iptables-save; ip6tables-save; ipset list -t; ip rule; ip -6 rule; ip route; ip -6 route',
  );
  return text
    .replace(/^#.*\n/gm, '')
    .replace(/\[\d+:\d+\]/g, '')
    .replace(/^(References|Size in memory|Number of entries).*\n/gm, '');
}
const chosen = async (lab: TestLab): Promise<readonly string[]> => {
  const { answers } = await requestMany(lab, 'own', { url: `http://${VIP}/`, clients: 1, pauseMs: 0 }, 20);
  return [...new Set(Object.keys(answers).map((answer) => answer.split(' ')[0] ?? ''))];
};

t.setTimeout(120_000);
writeFileSync(file, resources(1, 0));

await withLab(TOPOLOGY, async (lab) => {
  const address = lab.address('own', 'ipv4');

  await t.test('a program that calls its own service passes the outbound and the inbound side', async (t) => {
    const once = { ...connections(1, 'http1'), requests: { 200: 1 } };
    await countsExactly(t, lab, { 'own outbound': once, 'own inbound': { ...once, closed: {} } }, async () => {
      t.equal(await curl(lab, `http://${VIP}/`), `own ${address}\n`);
    });
    await countsExactly(t, lab, { 'own outbound': NOTHING, 'own inbound': NOTHING }, async () => {
      t.equal(await curl(lab, `http://${address}/`), `own ${address}\n`, 'its own address: direct');
      t.equal(await curl(lab, 'http://127.0.0.1/'), 'own 127.0.0.1\n', 'localhost: direct');
      t.equal(await curl(lab, 'http://[::1]/'), 'own ::1\n');
    });
    const outbound = { ...connections(1, 'http1'), requests: { 200: 1 } };
    await countsExactly(t, lab, { 'own outbound': outbound, 'own inbound': NOTHING }, async () => {
      t.equal(await curl(lab, `http://${lab.address('peer', 'ipv4')}/`), `peer ${address}\n`);
    });
  });

  await t.test('a saved file is in force within seconds, and a file with mistakes changes nothing', async (t) => {
    const load = await startLoad(lab, 'own', { url: `http://${VIP}/`, clients: 8, pauseMs: 5 });
    t.same(await chosen(lab), ['own']);
    writeFileSync(file, resources(0, 1));
    await lab.waitFor('the new weights', 20_000, async () => (await chosen(lab)).join() === 'peer');
    writeFileSync(file, resources(1, 0).replace('weight: 1', 'weigth: 1'));
    const complaint = await lab.waitFor('the complaint', 20_000, async () => {
      const text = await lab.run('own', ['towpath', 'agent', 'status']);
      return text.includes('weigth') && text;
    });
    t.match(complaint, /spec\.rules\[0\]\.backendRefs\[0\]\.weigth/);
    t.same(await chosen(lab), ['peer'], 'what was right stays in force');
    writeFileSync(file, resources(1, 0));
    await lab.waitFor('the corrected file', 20_000, async () => (await chosen(lab)).join() === 'own');
    t.notMatch(await lab.run('own', ['towpath', 'agent', 'status']), /weigth/);
    assertUnharmed(t, await load.stop(), 8);
  });

  await t.test(
    'rules that somebody removes under traffic are back within two seconds; nothing established is harmed',
    async (t) => {
      const load = await startLoad(lab, 'own', { url: `http://${VIP}/`, clients: 8, pauseMs: 5 });
      const repairs = await lab.counter('own', 'towpath_interception_repairs_total');
      const intact = await firewall(lab);
      const jump =
        (await lab.shell('own', 'iptables -t nat -S OUTPUT')).match(/^-A (OUTPUT .*TOWPATH_.*)$/m)?.[1] ?? '';
      t.not(jump, '');
      await lab.shell('own', `iptables -t nat -D ${jump}`);
      const watch = startWatch();
      await lab.waitFor('the repair', 20_000, async () => (await firewall(lab)) === intact);
      t.ok(watch.quietMs() < 2500, `after ${Math.round(watch.ms())} ms`);
      // It is counted when the check after it has passed, which is a moment later.
      await lab.waitFor(
        'the repair to be counted',
        2000,
        async () => (await lab.counter('own', 'towpath_interception_repairs_total')) > repairs,
      );
      t.equal(await curl(lab, `http://${VIP}/`), `own ${address}\n`);
      assertUnharmed(t, await load.stop(), 8);
    },
  );

  await t.test('the agent is sound at the end', async (t) => assertSound(t, lab, ['own']));

  await t.test('a stopped agent leaves tables, sets and routes as they were, and other rules alone', async (t) => {
    await lab.stop('own', 'agent');
    const empty = await firewall(lab);
    t.notMatch(empty, /towpath/i);
    await lab.shell(
      'own',
      `iptables -N MINE; iptables -A INPUT -p tcp --dport 81 -j MINE; iptables -t nat -A PREROUTING -p tcp --dport 82 -j REDIRECT --to-ports 80
       ip6tables -t nat -A OUTPUT -p tcp --dport 83 -j ACCEPT; ipset create mine hash:net; iptables -t mangle -A OUTPUT -m set --match-set mine dst -j RETURN`,
    );
    const populated = await firewall(lab);
    await lab.start('own', 'agent');
    t.not(await firewall(lab), populated);
    t.equal(await curl(lab, `http://${VIP}/`), `own ${address}\n`);
    const { stdout } = await lab.exec('own', ['towpath', 'agent', 'drain']);
    t.equal(stdout, 'the agent has ended\n');
    t.equal(await firewall(lab), populated);
  });
});
