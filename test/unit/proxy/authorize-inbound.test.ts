/** Policies of a workload at its door: real connections of HTTP/1.1, HTTP/2 and bytes. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import type {
  AuthorizationPolicyView,
  AuthorizationRuleView,
  ClauseView,
} from '../../../src/contract/authorization-views.ts';
import { endForbidden } from '../../../src/proxy/end-forbidden.ts';
import { exampleVersion } from '../../helpers/example-views.ts';
import { makeKey, makeToken } from '../../helpers/make-token.ts';
import { address, ProxyRig } from '../../helpers/proxy-rig.ts';

const rig = new ProxyRig();
t.teardown(() => rig.end());
rig.side = 'inbound';

let served: string[] = [];
let seen: IncomingHttpHeaders = {};
const server = createServer((request, response) => {
  served.push(`${request.method} ${request.url}`);
  seen = request.headers;
  response.end('hello');
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
rig.onEnd(() => server.closeAllConnections());
rig.onEnd(() => server.close());
const { port } = server.address() as AddressInfo;

let gen = 0;
const clause = (attribute: ClauseView['attribute'], ...values: string[]): ClauseView => ({
  attribute,
  key: [],
  values,
  not: false,
});
const to = (...clauses: ClauseView[]): AuthorizationRuleView => ({ from: [], to: [clauses], when: [] });

function policies(...list: Partial<AuthorizationPolicyView>[]): void {
  const views = list.map((one, i) => ({
    policy: `shop/p${i}`,
    action: 'DENY' as const,
    dryRun: false,
    rules: [],
    ...one,
  }));
  rig.context.hostPolicies.set({
    version: exampleVersion(++gen),
    workloads: [{ namespace: 'shop', name: 'orders', authorization: views.map((_, policy) => ({ policy })) }],
    authorizationPolicies: views,
  });
  served = [];
}

function listen(at: number): void {
  rig.context.table.setInbound([
    { namespace: 'shop', name: 'orders', ports: [{ name: 'p', port: at, protocol: 'auto' }] },
  ]);
  rig.destination = address('127.0.0.1', at);
}

async function ask(target: string, more = ''): Promise<string> {
  const client = await rig.client();
  client.send(`GET ${target} HTTP/1.1\r\nHost: orders\r\nConnection: close\r\n${more}\r\n`);
  await rig.until(() => client.closed || client.ended, 'the end');
  return client.text;
}

async function ask2(
  path: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string; grpc: unknown; message: unknown }> {
  const session = connectHttp2(`http://127.0.0.1:${rig.port}`);
  try {
    return await new Promise((resolve, reject) => {
      session.on('error', reject);
      const stream = session.request({ ':path': path, ...headers });
      let [status, text, grpc, message] = [0, '', undefined as unknown, undefined as unknown];
      stream.on('response', (head) => {
        status = Number(head[':status']);
        [grpc, message] = [head['grpc-status'], head['grpc-message']];
      });
      stream.on('data', (chunk) => {
        text += String(chunk);
      });
      stream.on('error', reject);
      stream.on('end', () => resolve({ status, text, grpc, message }));
      stream.end();
    });
  } finally {
    session.destroy();
  }
}

t.test('HTTP/1.1: a denial is 403 and says no more; the record says which policy', async (t) => {
  listen(port);
  policies({ rules: [to(clause('request.path', '/admin'))] });
  const before = rig.closed.length;
  const denied = await ask('/admin');
  t.match(denied, /^HTTP\/1\.1 403 /);
  t.match(denied, /\r\n\r\nRBAC: access denied$/);
  t.notMatch(denied, /shop|p0|rule|x-towpath/i);
  await rig.until(() => rig.closed.length > before, 'the record');
  t.match(rig.closed.at(-1)?.record, {
    flag: 'UAEX',
    detail: /^rbac_access_denied_matched_policy\[ns\[shop\]-policy\[p0\]-rule\[0\]\]/,
  });
  t.match(await ask('/other'), /^HTTP\/1\.1 200 /);
  t.same(served, ['GET /other']);
  t.equal(
    rig.count('towpath_authorization_total', { decision: 'denied', policy: 'shop/p0', workload: 'shop/orders' }),
    1,
  );
  t.equal(rig.count('towpath_authorization_total', { decision: 'allowed', policy: '' }), 1);
});

t.test('a kept-alive connection is judged request by request', async (t) => {
  policies({ rules: [to(clause('request.path', '/admin'))] });
  const client = await rig.client();
  client.send('GET /admin HTTP/1.1\r\nHost: o\r\n\r\nGET /a HTTP/1.1\r\nHost: o\r\nConnection: close\r\n\r\n');
  await rig.until(() => client.closed || client.ended, 'the end');
  t.match(client.text, /403 [\s\S]*RBAC: access deniedHTTP\/1\.1 200 /);
});

const TRICKS = [
  '/admin',
  '//admin',
  '/./admin',
  '/%61dmin',
  '/x/%2e%2e/admin',
  '/x/..%2fadmin',
  '/admin;a=1',
  '/x/..;/admin',
  '/ADMIN',
  '/\\admin',
  '/%2561dmin',
  '/admin/.',
];

t.test('tricks with paths, by HTTP/1.1 and HTTP/2', async (t) => {
  policies({ rules: [to(clause('request.path', '/admin'))] });
  for (const path of TRICKS) {
    t.match(await ask(path), /^HTTP\/1\.1 403 /, path);
    t.match(await ask2(path), { status: 403, text: 'RBAC: access denied' }, path);
  }
  t.match(await ask('http://orders/admin'), /^HTTP\/1\.1 403 /, 'absolute target');
  t.same(served, []);
});

t.test('tricks with hosts and pseudo-headers', async (t) => {
  policies({ rules: [to(clause('request.host', 'admin.example'))] });
  for (const host of ['admin.example', 'ADMIN.example.', 'admin.example:80']) {
    t.match(await ask2('/', { ':authority': host }), { status: 403 }, host);
    t.match(await ask(`http://${host}/`), /^HTTP\/1\.1 403 /, host);
  }
  t.same(served, []);
});

t.test('gRPC is told PERMISSION_DENIED', async (t) => {
  policies({ rules: [to(clause('request.path', '/pkg.Service/*'))] });
  const headers = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' };
  t.match(await ask2('/pkg.Service/Call', headers), { status: 200, grpc: '7', message: 'RBAC: access denied' });
});

t.test('who calls: the principal of the record; without one nothing is known', async (t) => {
  policies({ action: 'ALLOW', rules: [{ from: [[clause('source.namespace', 'shop')]], to: [], when: [] }] });
  t.match(await ask('/'), /^HTTP\/1\.1 403 /);
  t.match(
    rig.closed.at(-1)?.record.detail,
    /the nearest is rule 0 of shop\/p0: from\[0\]: source\.namespace is none of shop/,
  );
});

t.test('AUDIT and policies that are tried out are counted, and decide nothing', async (t) => {
  const everything = [{ from: [], to: [], when: [] }];
  policies(
    { action: 'AUDIT', rules: everything },
    { dryRun: true, rules: everything },
    { dryRun: true, action: 'ALLOW' },
  );
  t.match(await ask('/'), /^HTTP\/1\.1 200 /);
  const noted = (policy: string, result: string): number =>
    rig.count('towpath_authorization_noted_total', { policy, result });
  t.same([noted('shop/p0', 'audited'), noted('shop/p1', 'denied'), noted('shop/p2', 'denied')], [1, 1, 1]);
});

t.test('bytes: the connection is reset, and nothing of it reaches the program', async (t) => {
  let accepted = 0;
  let heard = '';
  const echo = await rig.serve((socket) => {
    accepted++;
    socket.on('data', (chunk) => {
      heard += String(chunk);
      socket.write(chunk);
    });
  });
  listen(echo.port);
  policies({ rules: [to(clause('request.method', 'GET'))] });
  const client = await rig.client();
  client.send('\x00\x01bytes');
  await rig.until(() => client.closed || client.ended, 'the end');
  t.equal(client.text, '');
  t.equal(heard, '');
  t.equal(rig.closed.at(-1)?.ending, 'refused');
  t.match(rig.closed.at(-1)?.record.detail, /shop\/p0/);
  policies({ action: 'ALLOW', rules: [to(clause('destination.port', String(echo.port)))] });
  const other = await rig.client();
  other.send('\x00\x01bytes');
  await rig.until(() => other.text === '\x00\x01bytes', 'the echo');
  t.equal(accepted, 1);
});

t.test('ports that no workload claims keep to what the namespaces say', async (t) => {
  rig.context.table.setInbound([]);
  rig.destination = address('127.0.0.1', port);
  const deny = { policy: 'shop/all', action: 'ALLOW', dryRun: false, rules: [] } as const;
  const others = [{ namespace: 'shop', authorization: [{ policy: 0 }] }];
  rig.context.hostPolicies.set({
    version: exampleVersion(++gen),
    workloads: [],
    authorizationPolicies: [deny],
    others,
  });
  t.match(await ask('/'), /^HTTP\/1\.1 403 /);
  policies();
  t.match(await ask('/'), /^HTTP\/1\.1 200 /);
});

t.test(
  'tokens: a bad one is 401 with the reason, none is left to authorization, a good one is taken off',
  async (t) => {
    listen(port);
    const key = makeKey('RS256', 'one');
    const rule = {
      policy: 'shop/r',
      issuer: 'me',
      audiences: [],
      keys: { type: 'jwks', url: 'http://keys', timeoutMs: 100 },
      fromHeaders: [],
      fromParams: [],
      fromCookies: [],
      outputPayloadToHeader: '',
      outputClaimToHeaders: [{ header: 'x-sub', claim: 'sub' }],
      forwardsToken: false,
      spaceDelimitedClaims: [],
    } as const;
    const allow = {
      policy: 'shop/p',
      action: 'ALLOW',
      dryRun: false,
      rules: [{ from: [[clause('request.auth.principal', 'me/*')]], to: [], when: [] }],
    } as const;
    rig.context.hostPolicies.set({
      version: exampleVersion(++gen),
      workloads: [
        { namespace: 'shop', name: 'orders', authorization: [{ policy: 0 }], authentication: [{ policy: 0 }] },
      ],
      authorizationPolicies: [allow],
      jwtRules: [[rule]],
    });
    const token = makeToken(key, { iss: 'me', sub: 'joe' });
    const bearer = `Authorization: Bearer ${token}\r\nX-Sub: admin\r\n`;
    t.match(await ask('/', bearer), /^HTTP\/1\.1 401 [\s\S]*Jwks remote fetch is failed$/);
    rig.context.hostPolicies.setKeys('http://keys', [key.jwk]);
    t.match(await ask('/', bearer), /^HTTP\/1\.1 200 /);
    t.same([seen['authorization'], seen['x-sub']], [undefined, 'joe']);
    t.match(await ask('/'), /^HTTP\/1\.1 403 /);
    const bad = await ask('/', 'Authorization: Bearer x.y.z\r\n');
    t.match(bad, /^HTTP\/1\.1 401 [\s\S]*www-authenticate: Bearer error="invalid_token"/i);
    t.match(rig.closed.at(-1)?.record.detail, /^jwt_authn_access_denied\{Jwt_header_is_an_invalid_JSON\}/);
    t.match(await ask2('/', { authorization: 'Bearer x' }), { status: 401 });
    t.equal(rig.count('towpath_jwt_refused_total', { workload: 'shop/orders' }), 3);
    const grpc = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers', authorization: 'Bearer x' };
    t.match(await ask2('/a.B/C', grpc), { grpc: '16' });
  },
);

t.test('a change ends the connections that it forbids, and no other', async (t) => {
  const echo = await rig.serve((socket) => socket.pipe(socket));
  const upgrading = await rig.serve((socket) =>
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n');
      socket.pipe(socket);
    }),
  );
  const all = [
    {
      namespace: 'shop',
      name: 'orders',
      ports: [echo, upgrading].map((one) => ({ name: 'p', port: one.port, protocol: 'auto' as const })),
    },
  ];
  rig.context.table.setInbound(all);
  policies({ rules: [to(clause('request.path', '/none'), clause('destination.port', '1'))] });
  const open = async (at: number, text: string, wanted: RegExp) => {
    rig.destination = address('127.0.0.1', at);
    const client = await rig.client();
    client.send(text);
    await rig.until(() => wanted.test(client.text), 'the answer');
    return client;
  };
  const upgrade = (path: string): string =>
    `GET ${path} HTTP/1.1\r\nHost: o\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n`;
  const bytes = await open(echo.port, '\x00bytes', /bytes/);
  const bad = await open(upgrading.port, upgrade('/bad'), /101 /);
  const good = await open(upgrading.port, upgrade('/good'), /101 /);
  const ended = (): number => rig.count('towpath_authorization_ended_total');

  policies({ rules: [to(clause('request.path', '/bad'), clause('destination.port', String(upgrading.port)))] });
  endForbidden(rig.context);
  await rig.until(() => bad.closed, 'the forbidden tunnel ends');
  t.equal(ended(), 1);
  t.match(rig.closed.at(-1), { ending: 'refused', record: { detail: /a changed policy forbids .*shop\/p0/ } });
  good.send('still here');
  bytes.send('still here');
  await rig.until(() => /still here/.test(good.text) && /still here/.test(bytes.text), 'the others go on');

  policies({ rules: [to(clause('destination.port', String(echo.port)))] });
  endForbidden(rig.context);
  await rig.until(() => bytes.closed, 'the bytes end');
  t.equal(ended(), 2);
  t.equal(good.closed, false);
  t.same(rig.errors, []);
});
