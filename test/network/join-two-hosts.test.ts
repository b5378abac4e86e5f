/** From nothing to two members of a secured mesh that talk mutual TLS, with the commands that people type; and a lab that is secured. */
import { readFile } from 'node:fs/promises';
import t from 'tap';
import { withLab } from './support/lab.ts';
import { Machine } from './support/machine.ts';

t.setTimeout(240_000);

const NAMED = [
  '# our own words',
  'workloads:',
  '  - { name: web, namespace: shop, labels: { app: orders }, ports: { http: 8080 } }',
];

const SERVICE = `
apiVersion: v1
kind: Service
metadata: { name: orders, namespace: shop }
spec: { selector: { app: orders }, ports: [{ name: http, port: 80, targetPort: 8080, appProtocol: http }] }
`;
const WEB = {
  name: 'web',
  command: ['python3', '-m', 'http.server', '8080', '--bind', '::'],
  files: { hello: 'orders\n' },
  ready: { port: 8080 },
};

/** README, "On real hosts": what is typed on the control host, and on every other. */
async function readCommands(): Promise<readonly [control: string, host: string]> {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const section = /^## On real hosts$.*?(?=^## )/ms.exec(readme)?.[0] ?? '';
  const blocks = [...section.matchAll(/^ {3}```sh\n(.*?)^ {3}```/gms)].map((match) =>
    (match[1] ?? '').replace(/^ +/gm, ''),
  );
  const [control = '', host = ''] = blocks.filter((block) => /control init|agent join/.test(block));
  return [control, host];
}

t.test('three commands on each side, as README has them', async (t) => {
  const [onControl, onHost] = await readCommands();
  for (const commands of [onControl, onHost]) t.equal(commands.trim().split('\n').length, 3, commands);
  t.match(onControl, /^towpath control init .*\nsystemctl enable --now .*\ntowpath join-token create --for shop /);
  t.match(onHost, /^towpath agent join TOKEN .*\nsystemctl enable --now towpath-agent .*\ntowpath agent status\n/);
  await withLab({ hosts: { hub: {}, shop: {}, orders: { programs: [WEB] } } }, async (lab) => {
    const [hub, shop, orders] = [new Machine(lab, 'hub'), new Machine(lab, 'shop'), new Machine(lab, 'orders')];
    await orders.run(`install -d /etc/towpath; printf '%s\n' '${NAMED.join("' '")}' > /etc/towpath/agent.yaml`);
    const start = performance.now();
    const tokens = [(await hub.run(onControl)).trim().split('\n').at(-1) ?? ''];
    tokens.push(
      (await hub.run(onControl.trim().split('\n').at(-1)?.replace('--for shop', '--for orders') ?? '')).trim(),
    );
    await Promise.all(
      [shop, orders].map(async (machine, i) => {
        const said = await machine.run(onHost.replace('TOKEN', tokens[i] ?? ''));
        t.match(said, /is a member of the mesh "default"[\s\S]*phase: +running/, 'it joined, and says how it is');
      }),
    );
    await hub.run(`towpath apply -f - --wait <<'END'\n${SERVICE}\nEND`);
    const call = ['curl', '-s', '-m', '2', '-x', 'http://127.0.0.1:15080', 'http://orders.shop/hello'];
    const encrypted = { connection_security_policy: 'mutual_tls', result: 'accepted' };
    await lab.waitFor('a call by mutual TLS', 60_000, async () => {
      const { stdout } = await lab.exec('shop', call);
      return stdout === 'orders\n' && (await lab.counter('orders', 'towpath_inbound_mtls_total', encrypted)) > 0;
    });
    const seconds = (performance.now() - start) / 1000;
    t.comment(`from nothing to the first call by mutual TLS: ${seconds.toFixed(1)} s`);
    t.ok(seconds < 120, `${seconds.toFixed(1)} s`);

    t.match(await orders.run('cat /etc/towpath/agent.yaml'), /# our own words\nworkloads:/, 'what was there stays');
    const open = await lab.exec('shop', ['towpath', 'status', '--server', `nats://${lab.address('hub', 'ipv4')}:4222`]);
    t.match(
      open,
      { exitCode: 1, stderr: /certificate|Authorization|self-signed/i },
      'nobody gets in without credentials',
    );
  });
});

t.test('a lab that is secured: its hosts join, and nobody else gets in', async (t) => {
  await withLab({ control: 'hub', secured: true, hosts: { hub: {}, shop: { agent: {} } } }, async (lab) => {
    // The empty mesh is published once control has heard all leases.
    await lab.waitFor('the host to be in step', 30_000, async () => {
      const { exitCode, stdout } = await lab.towpath('status');
      return exitCode === 0 && /shop +SYNCED/.test(stdout);
    });
    t.pass('the joined host runs what control has published');
    const nobody = ['-u', 'TOWPATH_NATS_CREDENTIALS_FILE', '-u', 'TOWPATH_NATS_CA_FILE'];
    const server = `nats://${lab.address('hub', 'ipv4')}:4222`;
    const stranger = await lab.exec('shop', ['env', ...nobody, 'towpath', 'status', '-s', server]);
    t.match(stranger, { exitCode: 1, stderr: /no NATS server can be used/ });
  });
});
