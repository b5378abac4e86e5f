/**
 * Ways of writing a request that must not get around a DENY, byte by byte through the door of a workload. What is no valid request is
 * refused; everything else is denied; the program is reached by none of it. A plain request before and after shows that the door is open.
 */
import { connect } from 'node:net';
import t from 'tap';
import { serveHttp2 } from '../../helpers/http2-peers.ts';
import { ProxyRig } from '../../helpers/proxy-rig.ts';
import { type Fields, GET, headers, readFrames, settings } from './codec/http2/support/frame-text.ts';
import { clause, converse, listen, policies, serveHttp, to } from './support/door.ts';

const rig = new ProxyRig();
t.teardown(() => rig.end());
const program = await serveHttp(rig);
const streams: string[] = [];
const program2 = await serveHttp2(rig, (stream, { ':path': path }) => {
  streams.push(String(path));
  stream.respond({ ':status': 200 });
  stream.end();
});
const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/** Status of the answer, 0 = none. */
async function ask(bytes: string): Promise<number> {
  const { text } = await converse(rig, bytes);
  return Number(/^HTTP\/1\.[01] (\d+)/.exec(text)?.[1] ?? 0);
}
const request = (line: string, ...fields: string[]): string =>
  `${line}\r\n${[...fields, 'Connection: close'].map((field) => `${field}\r\n`).join('')}\r\n`;

/** One stream. @returns 'denied', 'refused' (reset, or 400), or 'served' */
async function ask2(fields: Fields): Promise<'denied' | 'refused' | 'served'> {
  const socket = connect(rig.port, '127.0.0.1');
  socket.on('error', () => {});
  let heard: Buffer = Buffer.alloc(0);
  let ended = false;
  socket.on('data', (chunk: Buffer) => {
    heard = Buffer.concat([heard, Buffer.from(chunk)]);
  });
  socket.on('close', () => {
    ended = true;
  });
  const before = streams.length;
  socket.write(Buffer.concat([Buffer.from(PREFACE), settings(), headers(1, fields, true)]));
  const isOver = (): boolean =>
    ended ||
    frames(heard).some(
      ({ type, flags, streamId }) => type === 3 || type === 7 || (streamId === 1 && (flags & 1) === 1),
    );
  await rig.until(isOver, 'an answer');
  socket.destroy();
  if (streams.length > before) return 'served';
  return heard.includes('RBAC: access denied') ? 'denied' : 'refused';
}

function frames(bytes: Buffer): ReturnType<typeof readFrames> {
  try {
    return readFrames(bytes);
  } catch {
    return [];
  }
}

const like = (...changes: Fields): Fields =>
  GET.map(([name, value]) => changes.find((one) => one[0] === name) ?? ([name, value] as const));
const path = (value: string): Fields => like([':path', value]);

const DENIED = 403;
const REFUSED = 400;

t.test('paths: DENY /admin and everything below', async (t) => {
  policies(rig, { rules: [to(clause('request.path', '/admin', '/admin/*'))] });
  const plain = ['/admin', '/admin/', '/admin/x', '/admin?x=/public', '/admin?'];
  const dots = [
    '/./admin',
    '/x/../admin',
    '/x/%2e%2e/admin',
    '/x/%2E./admin',
    '/../admin',
    '/x/y/../../admin',
    '/admin/.',
    '/admin/..;/admin',
    '/public/..%2fadmin',
    '/public%2f..%2fadmin',
    '/..%5cadmin',
  ];
  const slashes = [
    '//admin',
    '///admin',
    '/\\admin',
    '/%2fadmin',
    '/%2Fadmin',
    '/%5cadmin',
    '//admin//',
    '/admin%2fx',
    '/admin//x',
    '//x/..//admin',
  ];
  const encoded = [
    '/%61dmin',
    '/%61%64%6d%69%6e',
    '/adm%69n/x',
    '/%2561dmin',
    '/%252561dmin',
    '/admi%6E',
    '/%41DMIN',
    '/x/%252e%252e/admin',
    '/%252fadmin',
  ];
  const parameters = [
    '/admin;x=1',
    '/admin;',
    '/;x/admin',
    '/x;/../admin',
    '/x/..;a=b/admin',
    '/admin;x/y',
    '/admin%3bx',
    '/x/%2e%2e%3b/admin',
  ];
  const letters = ['/ADMIN', '/Admin/x', '/aDmIn;x'];
  listen(rig, program.port);
  for (const target of [...plain, ...dots, ...slashes, ...encoded, ...parameters, ...letters]) {
    t.equal(await ask(request(`GET ${target} HTTP/1.1`, 'Host: orders')), DENIED, target);
    t.equal(await ask(request(`GET http://orders${target} HTTP/1.1`, 'Host: orders')), DENIED, `absolute ${target}`);
    t.equal(await ask(request(`GET ${target} HTTP/1.0`)), DENIED, `1.0 ${target}`);
  }
  const malformed = [
    '/admin#x',
    '/#/../admin',
    'admin',
    '/ad\tmin',
    '/admin ',
    '\\admin',
    '',
    '/adm\u00efn',
    '/\u0000admin',
    '?/admin',
  ];
  for (const target of malformed)
    t.equal(
      await ask(request(`GET ${target} HTTP/1.1`, 'Host: orders')),
      target.includes('\0') ? 0 : REFUSED,
      `malformed ${JSON.stringify(target)}`,
    );
  t.same(program.served, []);
  t.equal(await ask(request('GET /public HTTP/1.1', 'Host: orders')), 200);
  t.same(program.served.splice(0), ['GET /public']);

  listen(rig, program2.port);
  for (const target of [...plain, ...dots, ...slashes, ...encoded, ...parameters, ...letters])
    t.equal(await ask2(path(target)), 'denied', `HTTP/2 ${target}`);
  for (const target of [...malformed, 'http://orders/admin', '*'])
    t.equal(await ask2(path(target)), 'refused', `HTTP/2 malformed ${JSON.stringify(target)}`);
  t.equal(await ask2(path('/public')), 'served');
  t.same(streams.splice(0), ['/public']);
});

t.test('methods: DENY DELETE', async (t) => {
  policies(rig, { rules: [to(clause('request.method', 'DELETE'))] });
  listen(rig, program.port);
  for (const method of ['DELETE', 'delete', 'Delete'])
    t.equal(await ask(request(`${method} / HTTP/1.1`, 'Host: o')), DENIED, method);
  for (const line of [
    'DELETE\t/ HTTP/1.1',
    ' DELETE / HTTP/1.1',
    'DELETE  / HTTP/1.1',
    'DEL\u0000ETE / HTTP/1.1',
    'DELETE / HTTP/1.2',
    'DELETE / http/1.1',
  ])
    t.not(await ask(request(line, 'Host: o')), 200, JSON.stringify(line));
  t.equal(await ask(`\r\n${request('DELETE / HTTP/1.1', 'Host: o')}`), DENIED, 'an empty line first');
  t.same(program.served, []);
  listen(rig, program2.port);
  for (const method of ['DELETE', 'delete'])
    t.equal(await ask2(like([':method', method])), 'denied', `HTTP/2 ${method}`);
  for (const method of ['DELETE ', ' DELETE', 'DEL ETE', '', 'DELETE\r\nX: y'])
    t.equal(await ask2(like([':method', method])), 'refused', `HTTP/2 ${JSON.stringify(method)}`);
  t.same(streams, []);
});

t.test('hosts: DENY admin.example', async (t) => {
  policies(rig, { rules: [to(clause('request.host', 'admin.example'))] });
  listen(rig, program.port);
  const hosts = [
    'admin.example',
    'ADMIN.example',
    'admin.example.',
    'admin.example..',
    'admin.example:80',
    'admin.example.:8080',
    'admin.example:',
  ];
  for (const host of hosts) {
    const status = await ask(request('GET / HTTP/1.1', `Host: ${host}`));
    t.ok(status === DENIED || status === REFUSED, `${host}: ${status}`);
    t.not(await ask(request('GET / HTTP/1.1', `hOsT:\t ${host} \t`)), 200, `blanks around ${host}`);
    t.not(await ask(request(`GET http://${host}/ HTTP/1.1`, 'Host: other')), 200, `absolute ${host}`);
    t.not(
      await ask(request('GET http://other/ HTTP/1.1', `Host: ${host}`)),
      200,
      `Host ${host} behind an absolute target`,
    );
  }
  const twice = [
    ['Host: other', 'Host: admin.example'],
    ['Host: admin.example', 'Host: other'],
    ['Host: admin.example', 'Host: admin.example'],
    ['Host : admin.example'],
    ['Host: other', ' admin.example'],
    ['Host: other, admin.example'],
    ['Host: x@admin.example'],
    ['Host: admin.example/x'],
    ['\tHost: admin.example'],
  ];
  for (const fields of twice) t.equal(await ask(request('GET / HTTP/1.1', ...fields)), REFUSED, JSON.stringify(fields));
  t.equal(await ask(request('GET http://x@admin.example/ HTTP/1.1', 'Host: other')), REFUSED, 'user information');
  t.same(program.served, []);
  t.equal(await ask(request('GET / HTTP/1.1', 'Host: admin.example.org')), 200);
  program.served.length = 0;

  listen(rig, program2.port);
  for (const host of hosts) {
    t.not(await ask2(like([':authority', host])), 'served', `:authority ${host}`);
    t.not(await ask2([...GET.slice(0, 3), ['host', host]]), 'served', `host alone ${host}`);
    t.not(await ask2([...GET, ['host', host]]), 'served', `host beside another :authority ${host}`);
  }
  t.same(streams, []);
  t.equal(await ask2(like([':authority', 'other'])), 'served');
  streams.length = 0;
});

t.test('HTTP/2: pseudo-header fields that come twice, late, or are none', async (t) => {
  policies(rig, { rules: [to(clause('request.path', '/admin'))] });
  listen(rig, program2.port);
  const cases: [string, Fields][] = [
    ['two :path', [...path('/public'), [':path', '/admin']]],
    ['two :path, the other way', [...path('/admin'), [':path', '/public']]],
    ['two :method', [...GET, [':method', 'POST']]],
    ['a late :path', [...GET.slice(0, 2), ['x', 'y'], [':path', '/admin']]],
    ['no :path', [...GET.slice(0, 2), [':authority', 'o']]],
    [
      'no :scheme',
      [
        [':method', 'GET'],
        [':path', '/admin'],
      ],
    ],
    ['an unknown one', [...GET, [':x', 'y']]],
    ['extended CONNECT', [...like([':method', 'CONNECT'], [':path', '/admin']), [':protocol', 'websocket']]],
    [':status', [...GET, [':status', '200']]],
    ['capitals', [...GET, ['Path', '/admin']]],
    ['a line break in a value', [...GET, ['x', 'y\r\nGET /admin HTTP/1.1']]],
    ['a line break in :path', path('/public HTTP/1.1\r\nx: y')],
    ['a line break in a name', [...GET, ['x\r\ny', 'z']]],
    ['Connection', [...GET, ['connection', 'upgrade'], ['upgrade', 'h2c']]],
    ['Transfer-Encoding', [...GET, ['transfer-encoding', 'chunked']]],
  ];
  for (const [name, fields] of cases) t.equal(await ask2(fields), 'refused', name);
  t.same(streams, []);
});

t.test('another protocol than HTTP is judged by everything else: a DENY that asks for HTTP holds', async (t) => {
  policies(rig, { rules: [to(clause('request.path', '/admin'))] });
  listen(rig, program.port);
  for (const bytes of [
    'GET /admin\r\n',
    'GET /admin HTTP/0.9\r\n\r\n',
    '\u0000GET /admin HTTP/1.1\r\n\r\n',
    `${'\r\n'.repeat(20)}GET /admin HTTP/1.1\r\nHost: o\r\n\r\n`,
    '\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00',
  ])
    t.not(await ask(bytes), 200, JSON.stringify(bytes.slice(0, 40)));
  const slow = await rig.client();
  slow.send('GET /adm');
  await rig.until(() => slow.closed, 'the end of a head that is not finished');
  t.equal(slow.text, '', 'taken for no HTTP, and reset');
  t.same(program.served, []);
});

t.test('an upgrade opens no way around: h2c is no upgrade, what follows a refused one is judged', async (t) => {
  policies(rig, { rules: [to(clause('request.path', '/admin'))] });
  listen(rig, program.port);
  const upgrade = (protocol: string): string =>
    `GET /public HTTP/1.1\r\nHost: o\r\nConnection: upgrade, http2-settings\r\nUpgrade: ${protocol}\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n`;
  for (const protocol of ['h2c', 'websocket', 'h2c, websocket', 'TLS/1.0']) {
    const { text } = await converse(rig, `${upgrade(protocol)}${request('GET /admin HTTP/1.1', 'Host: o')}`);
    t.notMatch(text, / 101 /, protocol);
    t.notMatch(program.served.splice(0).join(), /admin/, protocol);
  }
  const { text } = await converse(
    rig,
    `CONNECT orders:80 HTTP/1.1\r\nHost: orders:80\r\n\r\n${request('GET /admin HTTP/1.1', 'Host: o')}`,
  );
  t.notMatch(text, /hello/);
  t.same(program.served, []);
});

t.test('header values: DENY x-role admin', async (t) => {
  policies(rig, { rules: [{ from: [], to: [], when: [{ ...clause('request.headers', 'admin'), key: ['x-role'] }] }] });
  listen(rig, program.port);
  for (const fields of [
    ['X-Role: admin'],
    ['x-role:admin'],
    ['X-ROLE: \tadmin \t'],
    ['X-Role: user', 'X-Role: admin'],
    ['X-Role: admin', 'Connection: x-role'],
  ])
    t.equal(await ask(request('GET / HTTP/1.1', 'Host: o', ...fields)), DENIED, fields.join());
  t.same(program.served, []);
});

t.test('nothing failed inside', async (t) => t.same(rig.errors, []));
