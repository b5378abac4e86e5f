/**
 * AuthorizationPolicy and RequestAuthentication before real programs: by source, port, method, path and token; tricks on the wire; and
 * policies that change under connections that live. The server's agent alone decides; the program's own log proves what reached it.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { makeKey, makeToken } from '../helpers/make-token.ts';
import type { HostProcess } from './support/host-process.ts';
import { type TestLab, withLab } from './support/lab.ts';
import { folderOf, nginx } from './support/pair.ts';
import { assertSound } from './support/traffic.ts';

const PORTS = { http: 80, admin: 81, http2: 82, echo: 7 };
const SERVER = `access_log seen.log line; location / { return 200 "served\\n"; }`;
const TOPOLOGY = {
  control: 'control',
  hosts: {
    control: {},
    client: { agent: {} },
    other: {},
    server: {
      agent: {
        config: { workloads: [{ name: 'server', namespace: 'test', labels: { app: 'server' }, ports: PORTS }] },
      },
      programs: [
        nginx(
          `log_format line '$server_port $request';
          server { listen 80; listen 81; ${SERVER} } server { listen 82 http2; ${SERVER} }`,
          80,
        ),
        { name: 'echo', command: ['socat', 'TCP-LISTEN:7,fork,reuseaddr', 'EXEC:cat'], ready: { port: 7 } },
      ],
    },
  },
};

/** Sends each request over a connection of its own, and prints what came back until the end, or for three seconds. */
const SEND = `
const requests = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const [address, port] = process.argv.slice(1);
Promise.all(requests.map((request) => new Promise((resolve) => {
  let text = '';
  const socket = require('net').connect(Number(port), address, () => socket.write(request));
  socket.setTimeout(3000, () => socket.destroy());
  socket.on('data', (chunk) => { text += chunk; }).on('error', () => {}).on('close', () => resolve(text));
}))).then((all) => console.log(JSON.stringify(all)));
`;

const key = makeKey('ES256', 'one');
const TOKENS = `
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: tokens, namespace: test }
spec: { jwtRules: [{ issuer: me, jwks: '${JSON.stringify({ keys: [key.jwk] })}' }] }
`;
const policy = (name: string, action: string, rules: string): string => `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: ${name}, namespace: test }
spec: { selector: { matchLabels: { app: server } }, action: ${action}, rules: ${rules} }
`;

await withLab(TOPOLOGY, async (lab) => {
  const address = lab.address('server', 'ipv4');
  const other = lab.address('other', 'ipv4');
  const log = join(folderOf(lab, 'server', 'nginx'), 'seen.log');
  const seen = (): number => readFileSync(log, 'utf8').split('\n').length - 1;
  const curl = (host: string, path: string, ...args: string[]): Promise<string> =>
    lab
      .exec(host, [
        'curl',
        '-s',
        '--path-as-is',
        '-o',
        '/dev/null',
        '-w',
        '%{http_code}',
        '-m',
        '5',
        ...args,
        `http://${address}${path}`,
      ])
      .then(({ stdout }) => stdout);
  const decided = (decision: string, by: string): Promise<number> =>
    lab.counter('server', 'towpath_authorization_total', { decision, policy: by });

  await t.test('without policies everything is served', async (t) => {
    for (const host of ['client', 'other'])
      for (const path of ['/private', ':81/', '/']) t.equal(await curl(host, path), '200', `${host} ${path}`);
    t.equal(await lab.counter('server', 'towpath_authorization_total'), 0);
  });

  await lab.apply(
    [
      policy(
        'place',
        'DENY',
        `[{ from: [{ source: { ipBlocks: [${other}/32] } }], to: [{ operation: { paths: [/private, /private/*] } }] }]`,
      ),
      policy('port', 'DENY', '[{ to: [{ operation: { ports: ["81"] } }] }]'),
      policy('method', 'DENY', '[{ to: [{ operation: { methods: [DELETE] } }] }]'),
      policy('audit', 'AUDIT', '[{ to: [{ operation: { methods: [POST] } }] }]'),
      TOKENS,
    ].join('---'),
  );

  await t.test('DENY by source, port, method and path; AUDIT; bad tokens', async (t) => {
    const before = seen();
    const cases: readonly (readonly [host: string, path: string, args: readonly string[], status: string])[] = [
      ['client', '/private', [], '200'],
      ['other', '/private', [], '403'],
      ['other', '/private/x', [], '403'],
      ['other', '/public', [], '200'],
      ['other', ':82/private', ['--http2-prior-knowledge'], '403'],
      ['other', ':82/public', ['--http2-prior-knowledge'], '200'],
      ['client', ':81/', [], '403'],
      ['client', '/', ['-X', 'DELETE'], '403'],
      ['client', '/', ['-X', 'POST'], '200'],
      ['client', '/', ['-H', 'Authorization: Bearer x.y.z'], '401'],
    ];
    for (const [host, path, args, status] of cases)
      t.equal(await curl(host, path, ...args), status, `${host} ${path} ${args.join(' ')}`);
    t.equal(
      seen() - before,
      cases.filter(([, , , status]) => status === '200').length,
      'the program saw the others alone',
    );
    for (const [by, count] of [
      ['test/place', 3],
      ['test/port', 1],
      ['test/method', 1],
    ] as const)
      t.equal(await decided('denied', by), count, by);
    t.equal(await decided('allowed', ''), 4);
    const audited = { policy: 'test/audit', action: 'AUDIT', result: 'audited' };
    t.equal(await lab.counter('server', 'towpath_authorization_noted_total', audited), 1);
    t.equal(await lab.counter('server', 'towpath_jwt_refused_total'), 1);
    const words = ['explain', 'GET', `http://${address}/private`, '--inbound', '--from', other];
    const explained = (await lab.exec('server', ['towpath', ...words])).stdout;
    t.match(explained, /test\/place/);
  });

  await t.test('no trick on the wire gets around it', async (t) => {
    const before = seen();
    const fields = 'Host: server\r\nConnection: close\r\n\r\n';
    const paths = ['//private', '/x/../private', '/%2570rivate', '/x/..;/private', '/PRIVATE', '/x%2f..%2fprivate'];
    const requests = [
      ...[...paths, '/%70rivate', '/private;x', 'http://elsewhere/private'].map(
        (one) => `GET ${one} HTTP/1.1\r\n${fields}`,
      ),
      'GET /private HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
      'GET /private HTTP/1.1\r\nHost : server\r\n\r\n',
      'GET /private\r\n',
      'GET /private HTTP/1.1\nHost: server\n\n',
    ];
    const answers = await lab.run('other', [process.execPath, '-e', SEND, address, '80'], JSON.stringify(requests));
    for (const [i, answer] of (JSON.parse(answers) as string[]).entries())
      t.notMatch(answer, /served| 200 /, requests[i]?.split('\r')[0] ?? '');
    for (const path of paths)
      t.equal(await curl('other', `:82${path}`, '--http2-prior-knowledge'), '403', `HTTP/2 ${path}`);
    t.equal(seen(), before, 'the program saw none of it');
  });

  await t.test('ALLOW: by port, and by token; everything else is denied', async (t) => {
    await lab.apply(
      policy(
        'allowed',
        'ALLOW',
        '[{ to: [{ operation: { ports: ["7"] } }] }, { from: [{ source: { requestPrincipals: [me/joe] } }] }]',
      ),
    );
    const bearer = (sub: string) =>
      `Authorization: Bearer ${makeToken(key, { iss: 'me', sub, exp: Date.now() / 1000 + 600 })}`;
    t.equal(await curl('client', '/'), '403');
    t.equal(await curl('client', '/', '-H', bearer('joe')), '200');
    t.equal(await curl('client', '/', '-H', bearer('ann')), '403');
    t.equal(await curl('other', '/private', '-H', bearer('joe')), '403', 'a DENY beats it');
    const echo = (): Promise<string> => lab.shell('client', `echo hello | nc -q 1 -w 3 ${address} 7 || true`);
    t.equal(await echo(), '', 'for bytes a DENY of methods holds, whatever they are');
    t.match(await lab.towpath('delete', 'authorizationpolicy', 'method', '-n', 'test', '--wait'), { exitCode: 0 });
    t.equal(await echo(), 'hello\n');
    t.match(await lab.towpath('delete', 'authorizationpolicy', 'allowed', '-n', 'test', '--wait'), { exitCode: 0 });
  });

  await t.test('a change ends the live connections that it forbids, and no others', async (t) => {
    t.match(await lab.towpath('delete', 'authorizationpolicy', 'place', '-n', 'test', '--wait'), { exitCode: 0 });
    const talk = async (host: string, port: number, text: string, wanted: RegExp): Promise<HostProcess> => {
      const child = lab.spawn(host, ['nc', address, String(port)]);
      child.child.stdin.write(text);
      await lab.waitFor(`${host} to be answered on ${port}`, 20_000, async () => wanted.test(child.stdout));
      return child;
    };
    const REQUEST = 'GET / HTTP/1.1\r\nHost: server\r\n\r\n';
    const live = await Promise.all(
      ['client', 'other'].flatMap((host) => [talk(host, 7, 'one\n', /one/), talk(host, 80, REQUEST, /served/)]),
    );
    const [kept1, kept2, ended1, ended2] = live as [HostProcess, HostProcess, HostProcess, HostProcess];
    const ended = (): Promise<number> => lab.counter('server', 'towpath_authorization_ended_total');
    const before = await ended();
    await lab.apply(policy('stranger', 'DENY', `[{ from: [{ source: { ipBlocks: [${other}/32] } }] }]`));
    await Promise.all([ended1, ended2].map((child) => child.within(20_000)));
    t.equal((await ended()) - before, 2);
    kept1.child.stdin.write('two\n');
    kept2.child.stdin.write(REQUEST);
    await lab.waitFor(
      'the others to go on',
      5_000,
      async () => /two/.test(kept1.stdout) && (kept2.stdout.match(/served/g)?.length ?? 0) === 2,
    );
    t.equal(await curl('other', '/'), '403');
    t.equal(await curl('client', '/'), '200');
    await Promise.all([kept1, kept2].map((child) => child.stop('SIGKILL')));
  });

  await t.test('the agents hold two capabilities in all their threads, and leave no rule behind', async (t) => {
    for (const host of ['client', 'server']) {
      const pid = await agentOf(lab, host);
      for (const thread of readdirSync(`/proc/${pid}/task`)) {
        const status = readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8');
        for (const set of ['Prm', 'Eff', 'Bnd'])
          t.match(status, new RegExp(`^Cap${set}:\t0000000000003000$`, 'm'), `${host} ${set}`);
      }
    }
    await assertSound(t, lab, ['client', 'server']);
    await lab.stop('server', 'agent');
    t.notMatch(await lab.shell('server', 'iptables-save; ip6tables-save; ipset list -n; ip rule'), /towpath/i);
  });
});

/** The process of a host's agent. */
async function agentOf(lab: TestLab, host: string): Promise<string> {
  const pids = await lab.run(host, ['ip', 'netns', 'pids', lab.host(host).namespace]);
  const found = pids.split('\n').find((pid) => pid !== '' && commandOf(pid).includes('main.ts\0agent'));
  if (found === undefined) throw new Error(`${host} has no agent`);
  return found;
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
}
