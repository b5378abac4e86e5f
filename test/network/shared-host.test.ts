/** Two workloads on one host call a third under identities of their own: the kernel tells their programs apart by user and by group. */
import t from 'tap';
import { withLab } from './support/lab.ts';
import { nginx, pairServices } from './support/pair.ts';

const PORTS = { web: 8080 };
const POLICY = `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: callers, namespace: test }
spec:
  action: ALLOW
  rules:
    - from: [{ source: { principals: [towpath.internal/ns/test/sa/front] } }]
      to: [{ operation: { paths: [/front] } }]
    - from: [{ source: { principals: [towpath.internal/ns/bank/sa/jobs] } }]
      to: [{ operation: { paths: [/jobs] } }]
    - from: [{ source: { principals: [towpath.internal/ns/test/sa/rest] } }]
      to: [{ operation: { paths: [/rest] } }]
`;
const CALLERS = [
  { name: 'front', namespace: 'test', serviceAccount: 'front', ports: { a: 9001 }, programs: { uids: [4001] } },
  { name: 'jobs', namespace: 'bank', serviceAccount: 'jobs', ports: { a: 9002 }, programs: { gids: [4002] } },
  { name: 'rest', namespace: 'test', serviceAccount: 'rest', ports: { a: 9003 } },
];
const AS: Readonly<Record<string, readonly string[]>> = {
  front: ['setpriv', '--reuid=4001', '--regid=4999', '--clear-groups'],
  jobs: ['setpriv', '--reuid=4998', '--regid=4002', '--clear-groups'],
  rest: [],
};

t.setTimeout(120_000);

const workloads = [{ name: 'server', namespace: 'test', labels: { app: 'server' }, ports: PORTS }];
const server = nginx('server { listen 8080; listen [::]:8080; location / { return 200 "ok"; } }', 8080);
const topology = {
  control: 'control',
  hosts: {
    control: {},
    shared: { agent: { config: { mutualTls: true, workloads: CALLERS } } },
    server: { agent: { config: { mutualTls: true, workloads } }, programs: [server] },
  },
};

await withLab(topology, async (lab) => {
  await lab.apply(`${pairServices(PORTS)}---${POLICY}`);
  const ask = async (who: string, path: string, family = '-4'): Promise<string> => {
    const words = ['curl', family, '-s', '-m', '5', '-o', '/dev/null', '-w', '%{http_code}'];
    const { stdout } = await lab.exec('shared', [...(AS[who] ?? []), ...words, `http://web.test:8080/${path}`]);
    return stdout;
  };
  await lab.waitFor('identities', 20_000, async () => (await ask('rest', 'rest')) === '200');

  await t.test('each may do what its account may, over both families, and nothing else', async (t) => {
    const found: Record<string, string> = {};
    for (const who of Object.keys(AS)) {
      for (const path of Object.keys(AS)) found[`${who} asks /${path}`] = await ask(who, path);
      t.equal(await ask(who, who, '-6'), '200', `${who} over IPv6`);
    }
    const wanted = Object.keys(AS).flatMap((who) =>
      Object.keys(AS).map((path) => [`${who} asks /${path}`, who === path ? '200' : '403']),
    );
    t.same(found, Object.fromEntries(wanted));
  });

  await t.test('the rules are those that the agent says, and the ports of programs are no way in', async (t) => {
    const rules = await lab.run('shared', ['iptables-save', '-t', 'nat']);
    t.match(rules, /-A TOWPATH_TO_OUTBOUND -p tcp -m owner --uid-owner 4001 -j REDIRECT --to-ports 15101\n/);
    t.match(rules, /-A TOWPATH_TO_OUTBOUND -p tcp -m owner --gid-owner 4002 -j REDIRECT --to-ports 15102\n/);
    const { exitCode } = await lab.exec('server', [
      'curl',
      '-s',
      '-m',
      '3',
      `http://${lab.address('shared', 'ipv4')}:15101/`,
    ]);
    t.not(exitCode, 0, 'refused');
    t.equal((await lab.exec('shared', ['towpath', 'intercept', 'check'])).exitCode, 0);
  });
});
