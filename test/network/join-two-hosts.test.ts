/** From nothing to two members of a secured mesh that talk mutual TLS, with the commands that people type; and a lab that is secured. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import t from 'tap';
import { withLab } from './support/lab.ts';

t.setTimeout(240_000);

const HOSTS = ['shop', 'orders'];
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

t.test('three commands on each side', async (t) => {
  await withLab({ hosts: { hub: {}, shop: {}, orders: { programs: [WEB] } } }, async (lab) => {
    const folder = (host: string): string => lab.host(host).folder;
    const settings = (host: string) => [`--config`, `${folder(host)}/agent.yaml`];
    await mkdir(folder('orders'), { recursive: true });
    const file = `# our own words\nworkloads:\n  - { name: web, namespace: shop, labels: { app: orders }, ports: { http: 8080 } }\n`;
    await writeFile(`${folder('orders')}/agent.yaml`, file);
    const etc = `${folder('hub')}/etc`;
    const towpath = (...words: string[]) => ['env', `TOWPATH_CLIENT_FILE=${etc}/client.yaml`, 'towpath', ...words];
    const start = performance.now();

    // The control host: init, then what "systemctl enable --now towpath-nats towpath-control" starts, then a token for each host.
    await lab.run('hub', towpath('control', 'init', '--dir', etc, '--data', `${folder('hub')}/data`));
    lab.spawn('hub', ['nats-server', '-c', `${etc}/nats/nats.conf`]);
    lab.spawn('hub', towpath('control', '--dir', `${etc}/control`, '--ca-dir', `${folder('hub')}/ca`));
    await lab.waitFor('control', 60_000, async () => (await lab.exec('hub', towpath('status'))).exitCode === 0);
    for (const host of HOSTS) {
      const token = await lab.run('hub', towpath('join-token', 'create', '--for', host, '--identity', 'shop/*'));
      await lab.run(
        host,
        ['towpath', 'agent', 'join', '-', ...settings(host), '--state', `${folder(host)}/state`],
        token,
      );
    }
    for (const host of HOSTS) lab.spawn(host, ['towpath', 'agent', ...settings(host)]);
    await lab.waitFor('both agents', 60_000, async () => {
      const { stdout } = await lab.exec('hub', towpath('status'));
      return HOSTS.every((host) => new RegExp(`${host} +SYNCED`).test(stdout));
    });
    await lab.run('hub', towpath('apply', '-f', '-', '--wait'), SERVICE);
    const call = ['curl', '-s', '-m', '2', '-x', 'http://127.0.0.1:15080', 'http://orders.shop/hello'];
    const encrypted = { connection_security_policy: 'mutual_tls', result: 'accepted' };
    await lab.waitFor('a call by mutual TLS', 60_000, async () => {
      const { stdout } = await lab.exec('shop', call);
      return stdout === 'orders\n' && (await lab.counter('orders', 'towpath_inbound_mtls_total', encrypted)) > 0;
    });
    const seconds = (performance.now() - start) / 1000;
    t.comment(`from nothing to the first call by mutual TLS: ${seconds.toFixed(1)} s`);
    t.ok(seconds < 120, `${seconds.toFixed(1)} s`);

    t.match(
      await readFile(`${folder('orders')}/agent.yaml`, 'utf8'),
      /# our own words\nworkloads:/,
      'what was there stays',
    );
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
