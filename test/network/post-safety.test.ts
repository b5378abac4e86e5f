/** A POST is delivered at most once, whatever dies: counted by the servers, which are real processes that are killed at random. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type TestLab, withLab } from './support/lab.ts';
import { assertSound } from './support/traffic.ts';

const folder = mkdtempSync(join(tmpdir(), 'towpath-posts-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
t.setTimeout(280_000);

const CLIENTS = 16;
const SERVERS = [1, 2, 3].map((i) => ({ name: `posts-${i}`, ports: { http: 8_000 + i, h2: 9_000 + i } }));
const PROGRAMS = new URL('support/programs/', import.meta.url).pathname;
const SERVICES = `
apiVersion: v1
kind: Service
metadata: { name: posts, namespace: test }
spec: { selector: { app: posts }, ports: [{ name: http, port: 80, appProtocol: http }] }
---
apiVersion: v1
kind: Service
metadata: { name: posts-h2, namespace: test }
spec: { selector: { app: posts }, ports: [{ name: h2, port: 80, appProtocol: kubernetes.io/h2c }] }
`;
/** Whatever may be sent again is sent again. */
const retrying = (name: string): string => `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name}, namespace: test }
spec:
  parentRefs: [{ group: "", kind: Service, name: ${name} }]
  rules:
    - retry: { attempts: 3, codes: [500, 502, 503, 504], backoff: 1ms }
      backendRefs: [{ name: ${name}, port: 80 }]
`;
const workloads = SERVERS.map(({ name, ports }) => ({ name, namespace: 'test', labels: { app: 'posts' }, ports }));
/** With mutual TLS between the agents, as everybody has it: a server's death is seen by one agent and told to the other. */
const config = { mutualTls: true };
const TOPOLOGY = {
  control: 'control',
  hosts: { control: {}, client: { agent: { config } }, server: { agent: { config: { ...config, workloads } } } },
};

let files = 0;
const node = (program: string, ...words: readonly string[]): string[] => {
  return [process.execPath, '--disable-warning=ExperimentalWarning', `${PROGRAMS}${program}`, ...words];
};

interface Sent {
  /** Numbers of the requests by status, or `error`. */
  readonly outcomes: Readonly<Record<string, readonly number[]>>;
  /** How often each number was noted by a server. */
  readonly noted: ReadonlyMap<number, number>;
  readonly killed: number;
}

/** Sends while servers die. */
async function send(lab: TestLab, method: string, url: string, protocol: string, count: number): Promise<Sent> {
  const file = join(folder, `noted-${files++}`);
  const pairs = SERVERS.map(({ ports }) => `${ports.http}:${ports.h2}`);
  const servers = lab.spawn('server', node('dying-servers.ts', file, ...pairs));
  await lab.waitFor('the servers', 20_000, async () => servers.stdout.includes('ready'));
  const words = node('send-requests.ts', method, url, protocol, String(CLIENTS), String(count));
  const outcomes = JSON.parse(await lab.run('client', words));
  servers.child.stdin.write('stop\n');
  const { stdout } = await servers.within(20_000);
  const noted = new Map<number, number>();
  for (const line of readFileSync(file, 'utf8').trim().split('\n'))
    noted.set(Number(line), (noted.get(Number(line)) ?? 0) + 1);
  return { outcomes, noted, killed: Number(/killed (\d+)/.exec(stdout)?.[1]) };
}

function judge(t: Test, { outcomes, noted, killed }: Sent, count: number): void {
  const answered = outcomes['200'] ?? [];
  const counts = Object.entries(outcomes).map(([outcome, numbers]) => `${outcome}: ${numbers.length}`);
  t.comment(`${count} sent while ${killed} servers died; ${counts.join(', ')}; ${noted.size} arrived`);
  t.ok(killed >= 3, `${killed} servers died`);
  t.same(
    [...noted].filter(([, times]) => times > 1),
    [],
    'none arrived twice',
  );
  t.same(
    answered.filter((number) => noted.get(number) !== 1),
    [],
    'each that was answered arrived',
  );
  t.ok(answered.length > count / 2, `${answered.length} of ${count} were answered`);
}

await withLab(TOPOLOGY, async (lab) => {
  await lab.apply(SERVICES);

  await t.test('4,000 POSTs without a rule', async (t) => {
    judge(t, await send(lab, 'POST', 'http://posts.test/', 'http1', 4_000), 4_000);
  });

  await t.test('3,000 POSTs that may be sent again whenever it is safe', async (t) => {
    await lab.apply([retrying('posts'), retrying('posts-h2')].join('---'));
    judge(t, await send(lab, 'POST', 'http://posts.test/', 'http1', 3_000), 3_000);
  });

  await t.test('3,000 POSTs by HTTP/2', async (t) => {
    judge(t, await send(lab, 'POST', 'http://posts-h2.test/', 'http2', 3_000), 3_000);
  });

  await t.test('PUTs are sent again, and some arrive twice: this test would see it', async (t) => {
    const { noted, outcomes } = await send(lab, 'PUT', 'http://posts.test/', 'http1', 2_000);
    const twice = [...noted.values()].filter((times) => times > 1).length;
    t.ok(twice > 0, `${twice} arrived more than once`);
    t.ok((outcomes['200'] ?? []).length > 1_000, `${outcomes['200']?.length} of 2000 were answered`);
  });

  await t.test('the agents are sound at the end', async (t) => assertSound(t, lab, ['client', 'server']));
});
