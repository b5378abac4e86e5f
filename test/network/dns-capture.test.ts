/**
 * Names of services resolve in unmodified programs without a hosts file, everything else is answered by the resolver that was
 * asked, and with the agent gone names resolve as if it had never been there.
 */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { AgentHost, FAR, FAR_PORT, type Program } from './support/agent-host.ts';

t.setTimeout(180_000);

const NEAR6 = 'fd09::1';
const FAR6 = 'fd09::2';
const RESOLVER = join(import.meta.dirname, 'support/programs/dns-resolver.ts');
const MESH = `
apiVersion: v1
kind: Service
metadata: { name: orders, namespace: shop }
spec: { selector: { app: orders }, ports: [{ name: http, port: 80, targetPort: ${FAR_PORT} }] }
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: orders, namespace: shop, labels: { app: orders } }
spec: { address: ${FAR}, ports: { http: ${FAR_PORT} } }
`;
/** A program of the namespace `shop` runs here: `orders` alone is a name for it. */
const AGENT = `
host: near
address: 10.9.0.1
workloads: [{ name: web, namespace: shop, labels: { app: web }, ports: { http: 7000 } }]
`;

class World {
  readonly host: AgentHost;
  readonly resolver: Program;
  readonly #files: Readonly<Record<string, string>>;

  constructor(host: AgentHost, resolver: Program) {
    this.host = host;
    this.resolver = resolver;
    const options = 'options timeout:2 attempts:1';
    this.#files = {
      udp: host.file('resolv.udp', `nameserver ${FAR}\n${options}\n`),
      tcp: host.file('resolv.tcp', `nameserver ${FAR}\n${options} use-vc\n`),
      udp6: host.file('resolv.udp6', `nameserver ${FAR6}\n${options}\n`),
      tcp6: host.file('resolv.tcp6', `nameserver ${FAR6}\n${options} use-vc\n`),
      search: host.file('resolv.search', `nameserver ${FAR}\nsearch corp.invalid\n${options} ndots:3\n`),
    };
  }

  /** Runs a program whose /etc/resolv.conf is that file, and which has no hosts file. */
  async run(resolv: string, ...command: readonly string[]): Promise<string> {
    const mounts = `mount --bind ${this.#files[resolv]} /etc/resolv.conf && mount --bind /dev/null /etc/hosts && exec "$@"`;
    const { status, stdout } = await this.host.run('near', ['sh', '-c', mounts, 'sh', ...command]);
    return status === 0 ? stdout.trim() : `status ${status}`;
  }

  /** The first address, or `status 2` for a name that does not exist. */
  async resolve(resolv: string, name: string, family: 4 | 6 = 4): Promise<string> {
    const out = await this.run(resolv, 'getent', `ahostsv${family}`, name);
    return out.split(/\s/, 2)[0] === 'status' ? out : (out.split(/\s/)[0] ?? '');
  }

  /** What the resolver was asked since the last call, as `<transport> <name>`. */
  asked(): string[] {
    const lines = this.resolver.stdout.split('\n').filter((line) => / /.test(line));
    this.resolver.stdout = '';
    return [
      ...new Set(
        lines.map((line) =>
          line
            .split(' ')
            .filter((_, i) => i === 0 || i === 2)
            .join(' '),
        ),
      ),
    ];
  }

  async counted(): Promise<Record<string, number>> {
    const { stdout } = await this.host.run('near', ['curl', '-sf', 'http://127.0.0.1:15020/metrics']);
    const found = stdout.matchAll(/^towpath_dns_queries_total\{transport="(\w+)",fate="(\w+)"\} (\d+)/gm);
    return Object.fromEntries([...found].map(([, transport, fate, count]) => [`${transport} ${fate}`, Number(count)]));
  }
}

t.test('DNS of the programs of one host', async (t) => {
  const host = await AgentHost.make(31);
  t.teardown(() => host.close());
  for (const [where, ip] of [
    ['near', NEAR6],
    ['far', FAR6],
  ] as const) {
    await host.run(where, ['ip', 'addr', 'add', `${ip}/64`, 'dev', 'eth0', 'nodad']);
  }
  const resolver = host.start('far', [process.execPath, RESOLVER, FAR, FAR6]);
  await resolver.prints('listening');
  const world = new World(host, resolver);
  const before = await host.firewall();
  const start = async (): Promise<Program> => {
    const agent = host.agent([
      '--config',
      host.file('agent.yaml', AGENT),
      '--standalone',
      host.file('mesh.yaml', MESH),
    ]);
    await agent.prints('the agent is ready');
    return agent;
  };

  t.equal(await world.resolve('udp', 'orders.shop'), 'status 2', 'without an agent the name does not exist');
  world.asked();
  const agent = await start();

  await t.test(
    'a service resolves to its virtual address, in either family and transport, and the address leads to it',
    async (t) => {
      for (const resolv of ['udp', 'tcp', 'udp6', 'tcp6']) {
        t.match(await world.resolve(resolv, 'orders.shop'), /^240\.240\./, resolv);
        t.match(await world.resolve(resolv, 'ORDERS.shop.mesh', 6), /^fd00:240:/, resolv);
      }
      t.equal(await world.run('udp', 'curl', '-sS', '-m', '8', 'http://orders.shop/'), 'far');
      t.equal(await world.run('udp6', 'curl', '-sS', '-m', '8', '-6', 'http://orders.shop.mesh/'), 'far');
      t.same(world.asked(), [], 'nobody else was asked');
    },
  );

  await t.test(
    'other names are answered by the resolver that was asked, over the transport that was used',
    async (t) => {
      for (const [resolv, asked] of [
        ['udp', 'udp'],
        ['tcp', 'tcp'],
        ['udp6', 'udp'],
        ['tcp6', 'tcp'],
      ] as const) {
        t.equal(await world.resolve(resolv, 'www.example.org'), '192.0.2.77', resolv);
        t.equal(await world.resolve(resolv, 'www.example.org', 6), '2001:db8::77', resolv);
        t.same(world.asked(), [`${asked} www.example.org`]);
      }
      t.equal(await world.resolve('udp', 'nobody.invalid'), 'status 2', 'a name that does not exist still does not');
    },
  );

  await t.test('an answer that fits no datagram is fetched over TCP by the program itself', async (t) => {
    world.asked();
    const all = await world.run('udp', 'getent', 'ahostsv4', 'big.example.org');
    t.equal(new Set(all.split('\n').map((line) => line.split(/\s/)[0])).size, 60);
    t.same(world.asked(), ['udp big.example.org', 'tcp big.example.org']);
  });

  await t.test(
    'a name alone is found behind the search domains, whose own names go on to their resolver',
    async (t) => {
      t.match(await world.resolve('search', 'orders'), /^240\.240\./);
      t.same(world.asked(), ['udp orders.corp.invalid']);
      t.match(await world.resolve('search', 'orders.shop'), /^240\.240\./);
    },
  );

  await t.test('every query is counted, and none of them was refused', async (t) => {
    const counted = await world.counted();
    t.ok((counted['udp service'] ?? 0) > 0 && (counted['tcp service'] ?? 0) > 0, JSON.stringify(counted));
    t.ok((counted['udp forwarded'] ?? 0) > 0 && (counted['tcp forwarded'] ?? 0) > 0);
    t.equal((counted['udp failed'] ?? 0) + (counted['tcp failed'] ?? 0) + (counted['udp malformed'] ?? 0), 0);
  });

  await t.test('a program that the operator excludes asks by itself', async (t) => {
    const { status } = await host.run('near', [
      ...['sh', '-c', 'setpriv --regid=15001 --clear-groups getent ahostsv4 orders.shop || exit 9'],
    ]);
    t.equal(status, 9, "the agent's own group is not captured");
  });

  await t.test('killed without warning, the agent takes no name with it', async (t) => {
    agent.child.kill('SIGKILL');
    await agent.ended;
    // The lease ends within 5 s; on a busy machine the kernel and we may look a little later.
    let outside = '';
    for (const end = Date.now() + 15_000; Date.now() < end && outside !== '192.0.2.77'; await sleep(200)) {
      outside = await world.resolve('udp', 'www.example.org');
    }
    t.equal(outside, '192.0.2.77');
    t.equal(await world.resolve('tcp6', 'www.example.org'), '192.0.2.77');
    t.equal(await world.resolve('udp', 'orders.shop'), 'status 2', 'and the mesh is gone');
  });

  await t.test('the next agent takes the rules over, and leaves nothing behind', async (t) => {
    const next = await start();
    t.match(await world.resolve('udp', 'orders.shop'), /^240\.240\./);
    next.child.kill('SIGTERM');
    t.equal((await next.ended).status, 0);
    t.equal(await host.firewall(), before);
    t.equal(await world.resolve('udp', 'www.example.org'), '192.0.2.77');
  });
});
