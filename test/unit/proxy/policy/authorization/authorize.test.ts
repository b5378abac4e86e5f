import t from 'tap';
import type {
  AuthorizationPolicyView,
  AuthorizationRuleView,
  ClauseView,
} from '../../../../../src/contract/authorization-views.ts';
import { HeadParser } from '../../../../../src/proxy/codec/http1/head.ts';
import { createLlhttp } from '../../../../../src/proxy/codec/http1/llhttp.ts';
import { Asked } from '../../../../../src/proxy/policy/authorization/asked.ts';
import {
  authorize,
  compileAuthorization,
  type Outcome,
} from '../../../../../src/proxy/policy/authorization/authorize.ts';
import { nearestRule } from '../../../../../src/proxy/policy/authorization/nearest-rule.ts';
import type { VerifiedToken } from '../../../../../src/proxy/policy/jwt/verified-token.ts';
import { parseSockAddr } from '../../../../../src/reactor/socket-address.ts';

const llhttp = createLlhttp({ slabBytes: 65_536, parsers: 1 });
const parser = new HeadParser(llhttp);
const asked = new Asked();
const WEB = 'mesh/ns/shop/sa/web';

interface Question {
  readonly principal?: string | null;
  readonly source?: string;
  readonly port?: number;
  /** `GET /path`; null: not HTTP. */
  readonly request?: string | null;
  readonly host?: string;
  readonly headers?: string;
  readonly token?: VerifiedToken;
  readonly serverName?: string;
}

function ask({ principal = WEB, source = '10.0.0.9', port = 80, request = 'GET /', ...rest }: Question): Asked {
  asked.connection(principal, parseSockAddr(source, 40_000), parseSockAddr('10.0.0.1', port), rest.serverName ?? '');
  if (request === null) return asked;
  const text = `${request} HTTP/1.1\r\nHost: ${rest.host ?? 'orders'}\r\n${rest.headers ?? ''}\r\n`;
  const length = llhttp.bytes.write(text, llhttp.slabStart, 'latin1');
  if (parser.parseRequest(llhttp.slabStart, length) <= 0) throw new Error(`refused: ${request}`);
  return asked.request(parser.head, llhttp.bytes, rest.token ?? null);
}

const clause = (attribute: ClauseView['attribute'], ...values: string[]): ClauseView => ({
  attribute,
  key: [],
  values,
  not: false,
});
const not = (attribute: ClauseView['attribute'], ...values: string[]): ClauseView => ({
  attribute,
  key: [],
  values,
  not: true,
});
const keyed = (attribute: ClauseView['attribute'], key: string[], ...values: string[]): ClauseView => ({
  attribute,
  key,
  values,
  not: false,
});
const rule = (fields: Partial<AuthorizationRuleView>): AuthorizationRuleView => ({
  from: [],
  to: [],
  when: [],
  ...fields,
});
const to = (...clauses: ClauseView[]): AuthorizationRuleView => rule({ to: [clauses] });
const from = (...clauses: ClauseView[]): AuthorizationRuleView => rule({ from: [clauses] });
const ANY = rule({});

function policy(action: AuthorizationPolicyView['action'], ...rules: AuthorizationRuleView[]): AuthorizationPolicyView {
  return { policy: `shop/${action.toLowerCase()}`, action, dryRun: false, rules };
}

function decide(policies: readonly AuthorizationPolicyView[], question: Question, ports?: number[]): Outcome {
  const uses = policies.map((_, i) => ({ policy: i, ...(ports === undefined ? {} : { ports }) }));
  return authorize(compileAuthorization(policies, uses), ask(question));
}
const allowed = (policies: readonly AuthorizationPolicyView[], question: Question = {}): boolean =>
  decide(policies, question).allowed;

t.test('the order that Istio documents', async (t) => {
  const deny = policy('DENY', to(clause('request.path', '/admin')));
  const allow = policy('ALLOW', to(clause('request.path', '/api', '/admin')));
  const cases: readonly [string, AuthorizationPolicyView[], string, Partial<Outcome>][] = [
    ['nothing is said', [], 'GET /', { allowed: true, policy: '' }],
    ['a DENY alone: all else is allowed', [deny], 'GET /x', { allowed: true, policy: '' }],
    ['a DENY that matches', [deny], 'GET /admin', { allowed: false, policy: 'shop/deny', rule: 0 }],
    ['a DENY beats an ALLOW', [allow, deny], 'GET /admin', { allowed: false, policy: 'shop/deny' }],
    ['an ALLOW that matches', [allow, deny], 'GET /api', { allowed: true, policy: 'shop/allow' }],
    ['no ALLOW matches', [allow], 'GET /x', { allowed: false, policy: '', rule: -1 }],
    ['an ALLOW without rules allows nothing', [policy('ALLOW')], 'GET /', { allowed: false }],
    ['an empty rule matches everything', [policy('ALLOW', ANY)], 'GET /', { allowed: true, rule: 0 }],
    ['a DENY of everything', [policy('DENY', ANY)], 'GET /', { allowed: false }],
    ['one ALLOW of two is enough', [policy('ALLOW'), policy('ALLOW', ANY)], 'GET /', { allowed: true }],
    ['AUDIT decides nothing', [policy('AUDIT', ANY)], 'GET /', { allowed: true, policy: '' }],
    ['a dry run decides nothing', [{ ...policy('DENY', ANY), dryRun: true }], 'GET /', { allowed: true }],
    ['not even an ALLOW', [{ ...policy('ALLOW'), dryRun: true }], 'GET /', { allowed: true }],
  ];
  for (const [what, policies, request, outcome] of cases) t.match(decide(policies, { request }), outcome, what);
});

t.test('a policy for some ports is none for the others', async (t) => {
  t.equal(decide([policy('ALLOW')], { port: 80 }, [80]).allowed, false);
  t.equal(decide([policy('ALLOW')], { port: 81 }, [80]).allowed, true);
});

t.test('one of from, one of to, all of when; fields together, values alternatively', async (t) => {
  const policies = [
    policy(
      'ALLOW',
      rule({
        from: [
          [clause('source.principal', WEB), clause('source.ip', '10.0.0.0/8')],
          [clause('source.namespace', 'test')],
        ],
        to: [
          [clause('request.method', 'GET', 'HEAD')],
          [clause('request.method', 'POST'), clause('request.path', '/data')],
        ],
        when: [keyed('request.headers', ['x-group'], 'beta'), keyed('request.headers', ['x-id'], '*')],
      }),
    ),
  ];
  const headers = 'X-Group: beta\r\nX-Id: 1\r\n';
  t.ok(allowed(policies, { headers }));
  t.ok(allowed(policies, { headers, request: 'POST /data' }));
  t.ok(allowed(policies, { headers, principal: 'x/ns/test/sa/y', source: '192.0.2.1' }));
  t.notOk(allowed(policies, { headers, request: 'POST /other' }));
  t.notOk(allowed(policies, { headers, source: '192.0.2.1' }));
  t.notOk(allowed(policies, { headers: 'X-Group: beta\r\n' }));
  t.notOk(allowed(policies, { headers: 'X-Group: beta\r\nX-Id:\r\n' }), '* wants a value');
});

t.test('sources', async (t) => {
  const cases: readonly [ClauseView, Question, boolean][] = [
    [clause('source.principal', WEB), {}, true],
    [clause('source.principal', 'mesh/ns/shop/*'), {}, true],
    [clause('source.principal', '*/sa/web'), {}, true],
    [clause('source.principal', '*'), {}, true],
    [clause('source.principal', '*'), { principal: null }, false],
    [clause('source.principal', 'mesh/ns/shop/sa/we'), {}, false],
    [not('source.principal', WEB), { principal: null }, true],
    [not('source.principal', WEB), {}, false],
    [clause('source.namespace', 'shop'), {}, true],
    [clause('source.namespace', 'sho*'), {}, true],
    [clause('source.namespace', 'hop'), {}, false],
    [clause('source.namespace', 'shop'), { principal: 'shop/ns/pay/sa/shop' }, false],
    [clause('source.namespace', 'shop'), { principal: null }, false],
    [not('source.namespace', 'shop'), { principal: null }, true],
    [clause('source.serviceAccount', 'shop/web'), {}, true],
    [clause('source.serviceAccount', 'shop/web'), { principal: 'other/ns/shop/sa/web' }, true],
    [clause('source.serviceAccount', 'shop/web'), { principal: 'mesh/ns/pay/sa/web' }, false],
    [clause('source.serviceAccount', 'shop/eb'), {}, false],
    [clause('source.trustDomain', 'mesh'), {}, true],
    [clause('source.trustDomain', 'mes'), {}, false],
    [clause('source.ip', '10.0.0.9'), {}, true],
    [clause('source.ip', '10.0.0.0/24', '192.0.2.0/24'), {}, true],
    [clause('source.ip', '10.0.1.0/24'), {}, false],
    [clause('source.ip', '::/0'), {}, false],
    [clause('source.ip', 'fd00::/8'), { source: 'fd12::1' }, true],
    [clause('source.ip', '0.0.0.0/0'), { source: 'fd12::1' }, false],
    [not('remote.ip', '10.0.0.0/8'), {}, false],
    [clause('destination.port', '80', '81'), {}, true],
    [not('destination.port', '80'), {}, false],
    [clause('destination.ip', '10.0.0.1'), {}, true],
    [clause('connection.sni', '*'), {}, false],
  ];
  for (const [one, question, holds] of cases) {
    t.equal(allowed([policy('ALLOW', from(one))], question), holds, `ALLOW ${JSON.stringify([one, question])}`);
    t.equal(allowed([policy('DENY', from(one))], question), !holds, `DENY ${JSON.stringify([one, question])}`);
  }
});

const TOKEN: VerifiedToken = {
  principal: 'https://id.example/user-1',
  audiences: ['orders', 'pay'],
  presenter: 'app',
  claims: { groups: ['buyers', 'staff'], scope: 'read write', name: 'a b', realm: { roles: ['admin'] }, n: 1 },
  spaceDelimited: new Set(['scope']),
};

t.test('tokens', async (t) => {
  const cases: readonly [ClauseView, boolean][] = [
    [clause('request.auth.principal', 'https://id.example/user-1'), true],
    [clause('request.auth.principal', 'https://id.example/*'), true],
    [clause('request.auth.principal', 'https://other.example/*'), false],
    [clause('request.auth.audiences', 'pay'), true],
    [clause('request.auth.audiences', 'x'), false],
    [clause('request.auth.presenter', 'app'), true],
    [keyed('request.auth.claims', ['groups'], 'staff'), true],
    [keyed('request.auth.claims', ['groups'], 'sta'), false],
    [keyed('request.auth.claims', ['scope'], 'write'), true],
    [keyed('request.auth.claims', ['name'], 'a'), false],
    [keyed('request.auth.claims', ['name'], 'a b'), true],
    [keyed('request.auth.claims', ['realm', 'roles'], 'admin'), true],
    [keyed('request.auth.claims', ['realm'], 'admin'), false],
    [keyed('request.auth.claims', ['n'], '1'), false],
    [keyed('request.auth.claims', ['constructor'], '*'), false],
  ];
  for (const [one, holds] of cases) {
    t.equal(allowed([policy('ALLOW', from(one))], { token: TOKEN }), holds, JSON.stringify(one));
    t.equal(allowed([policy('ALLOW', from(one))]), false, 'no token');
    t.equal(allowed([policy('DENY', from({ ...one, not: true }))]), false, 'no token: the negative form denies');
  }
});

t.test("connections that are not HTTP: Istio's TCP rules", async (t) => {
  const http: readonly ClauseView[] = [
    clause('request.method', 'GET'),
    clause('request.path', '/x'),
    clause('request.host', 'x'),
    clause('request.auth.principal', '*'),
    keyed('request.headers', ['a'], 'b'),
    not('request.path', '/x'),
  ];
  const port = clause('destination.port', '9000');
  for (const one of http) {
    t.notOk(allowed([policy('ALLOW', to(one))], { request: null, port: 9000 }), 'the ALLOW rule never matches');
    t.notOk(allowed([policy('DENY', to(one))], { request: null, port: 9001 }), 'the field of the DENY rule is ignored');
    t.notOk(allowed([policy('DENY', to(one, port))], { request: null, port: 9000 }));
    t.ok(allowed([policy('DENY', to(one, port))], { request: null, port: 9001 }), 'only its port is left');
  }
  t.ok(allowed([policy('ALLOW', to(clause('request.method', 'GET')), to(port))], { request: null, port: 9000 }));
  t.ok(allowed([policy('ALLOW', from(clause('source.principal', WEB)))], { request: null }));
  t.notOk(allowed([policy('ALLOW', from(clause('source.principal', WEB)))], { request: null, principal: null }));
});

t.test('paths: exact, beginning, end, templates; the query is none of it', async (t) => {
  const cases: readonly [string, string, boolean][] = [
    ['/info', '/info', true],
    ['/info', '/info?a=/x', true],
    ['/info', '/info/', false],
    ['/info', '/infos', false],
    ['/info*', '/infos', true],
    ['/info*', '/inf', false],
    ['*.html', '/a/b.html', true],
    ['*.html', '/a.htm', false],
    ['*', '/', true],
    ['/foo/{*}', '/foo/bar', true],
    ['/foo/{*}', '/foo/bar/baz', false],
    ['/foo/{*}', '/foo/', false],
    ['/foo/{**}/', '/foo/bar/', true],
    ['/foo/{**}/', '/foo/bar/baz/', true],
    ['/foo/{**}/', '/foo/bar', false],
    ['/foo/{**}', '/foo/bar/baz.txt', true],
    ['/foo/{**}', '/foo/', true],
    ['/foo/{**}', '/foo', false],
    ['/foo/{*}/bar/{**}', '/foo/buzz/bar/', true],
    ['/foo/{*}/bar/{**}', '/foo/buzz/bar/baz', true],
    ['/foo/{*}/bar/{**}', '/foo/bar/baz', false],
    ['/a%20b', '/a%20b', true],
    ['/pkg.Service/Call', '/pkg.Service/Call', true],
  ];
  for (const [value, path, holds] of cases) {
    t.equal(
      allowed([policy('ALLOW', to(clause('request.path', value)))], { request: `GET ${path}` }),
      holds,
      `ALLOW ${value} ${path}`,
    );
    t.equal(
      allowed([policy('DENY', to(clause('request.path', value)))], { request: `GET ${path}` }),
      !holds,
      `DENY ${value} ${path}`,
    );
  }
});

const ADMIN_TRICKS = [
  '/admin',
  '/ADMIN',
  '//admin',
  '/./admin',
  '/x/../admin',
  '/%61dmin',
  '/%2e/admin',
  '/x/%2e%2e/admin',
  '/x/..%2fadmin',
  '/x%2f..%2fadmin',
  '/%2fadmin',
  '/\\admin',
  '/%5cadmin',
  '/x\\..\\admin',
  '/admin;x=1',
  '/admin%3bx',
  '/x/..;/admin',
  '/x;a/..;b/admin;c',
  '/admin/.',
  '/admin//',
  '/admin/x/..',
  '/%2561dmin',
  '/x/%252e%252e/admin',
  '/admin?x',
  '/admin;/?x',
];

t.test('no way of writing a path gets around a DENY, whatever its form', async (t) => {
  const forms: readonly AuthorizationPolicyView[] = [
    policy('DENY', to(clause('request.path', '/admin'))),
    policy('DENY', to(clause('request.path', '/adm*'))),
    policy('DENY', to(clause('request.path', '*/admin'))),
    policy('DENY', to(clause('request.path', '/{*}'))),
    policy('DENY', to(not('request.path', '/public/*'))),
  ];
  for (const form of forms)
    for (const path of ADMIN_TRICKS)
      t.notOk(allowed([form], { request: `GET ${path}` }), `${JSON.stringify(form.rules)} ${path}`);
  t.ok(allowed([policy('DENY', to(clause('request.path', '/admin')))], { request: 'GET /administrator' }));
  const hidden = [policy('DENY', to(clause('request.path', '/.git/*')))];
  t.notOk(allowed(hidden, { request: 'GET /.git/config' }));
  t.ok(allowed(hidden, { request: 'GET /.gitignore' }), 'what only begins alike');
});

t.test('a path that may mean something else is not allowed by what it looks like', async (t) => {
  const allow = [policy('ALLOW', to(clause('request.path', '/public/*')))];
  for (const path of [
    '/public/../admin',
    '/public/%2e%2e/admin',
    '/public/..;/admin',
    '/public/..%2fadmin',
    '/public/%252e%252e/admin',
    '/admin/../public/x',
    '/PUBLIC/x',
  ])
    t.notOk(allowed(allow, { request: `GET ${path}` }), path);
  for (const path of [
    '/public/x',
    '/public/a%20b',
    '/public/x;v=1',
    '/public/./x',
    '/public//x',
    '/public/%7Euser',
    '/public/a%2Fb',
  ])
    t.ok(allowed(allow, { request: `GET ${path}` }), path);
  const negative = [policy('ALLOW', to(not('request.path', '/admin')))];
  for (const path of ADMIN_TRICKS.filter((one) => !/ADMIN|admin\/\.$|admin\/\/|x\/\.\.$|;\/\?x$/.test(one)))
    t.notOk(allowed(negative, { request: `GET ${path}` }), path);
});

t.test('hosts: case, port, dots at the end, encoding, absolute targets', async (t) => {
  const deny = [policy('DENY', to(clause('request.host', 'admin.example')))];
  for (const host of [
    'admin.example',
    'ADMIN.Example',
    'admin.example.',
    'admin.example:80',
    'admin.example.:80',
    'admin.example..',
    '%61dmin.example',
  ])
    t.notOk(allowed(deny, { host }), host);
  t.notOk(allowed(deny, { request: 'GET http://admin.example/', host: 'public.example' }));
  t.notOk(allowed(deny, { request: 'GET http://public.example/', host: 'admin.example' }), 'programs that go by Host');
  t.ok(allowed(deny, { host: 'public.example' }));
  t.ok(allowed(deny, { host: 'xadmin.example' }));
  const port = [policy('DENY', to(clause('request.host', 'a.example:81', '*.b.example', 'c.example:*', '[fd00::1]')))];
  for (const [host, ok] of [
    ['a.example:81', false],
    ['a.example.:81', false],
    ['a.example:82', true],
    ['a.example', true],
    ['x.b.example:9', false],
    ['b.example', true],
    ['c.example:1', false],
    ['c.example', true],
    ['[fd00::1]', false],
    ['[fd00::1]:80', false],
  ] as const)
    t.equal(allowed(port, { host }), ok, host);
  t.ok(allowed([policy('ALLOW', to(clause('request.host', '*.example')))], { host: 'A.EXAMPLE:80' }));
});

t.test('methods and headers', async (t) => {
  t.notOk(
    allowed([policy('DENY', to(clause('request.method', 'DELETE')))], { request: 'delete /' }),
    'case does not help',
  );
  t.notOk(allowed([policy('ALLOW', to(clause('request.method', 'GET')))], { request: 'get /' }), 'and allows nothing');
  const header = (not: boolean): ClauseView => ({
    attribute: 'request.headers',
    key: ['X-Role'],
    values: ['guest'],
    not,
  });
  const twice = 'x-role: admin\r\nX-ROLE: guest\r\n';
  t.notOk(allowed([policy('DENY', rule({ when: [header(false)] }))], { headers: twice }), 'one of them');
  t.notOk(allowed([policy('ALLOW', rule({ when: [header(false)] }))], { headers: twice }), 'all of them');
  t.notOk(allowed([policy('DENY', rule({ when: [header(true)] }))], { headers: twice }), 'deny all but guest');
  t.notOk(allowed([policy('ALLOW', rule({ when: [header(true)] }))], { headers: twice }), 'allow all but guest');
  t.ok(allowed([policy('ALLOW', rule({ when: [header(false)] }))], { headers: 'X-Role: guest\r\n' }));
  t.notOk(allowed([policy('DENY', rule({ when: [header(true)] }))], {}), 'absent is not guest');
});

t.test('the nearest rule, and what fails of it', async (t) => {
  const near = [
    policy('ALLOW', from(clause('source.principal', 'mesh/ns/pay/sa/db')), {
      from: [[clause('source.principal', WEB)]],
      to: [[clause('request.method', 'GET'), clause('request.path', '/api/*')]],
      when: [],
    }),
  ];
  const compiled = compileAuthorization(near, [{ policy: 0 }]);
  t.same(nearestRule(compiled, ask({ request: 'GET /other' })), {
    policy: 'shop/allow',
    rule: 1,
    failed: 'to[0]: request.path is none of /api/*',
  });
  t.match(nearestRule(compiled, ask({ principal: null, request: 'GET /api/1' })), {
    rule: 1,
    failed: `from[0]: source.principal is none of ${WEB}`,
  });
  t.match(nearestRule(compiled, ask({ request: null })), {
    rule: 1,
    failed: 'to[0]: request.method is known of HTTP requests only',
  });
  t.match(nearestRule(compileAuthorization([policy('ALLOW')], [{ policy: 0 }]), ask({})), {
    rule: -1,
    failed: /no rules/,
  });
  t.equal(nearestRule(compileAuthorization([policy('DENY', ANY)], [{ policy: 0 }]), ask({})), null);
});
