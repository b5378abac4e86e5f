/** Whatever is sent to control: refused with a place, or harmless; the old state stays in force, and control lives. */
import t from 'tap';
import { commandLine } from './support/command-line.ts';
import { ORDERS, operator, route, startControl, until } from './support/mesh.ts';
import { startNatsServer } from './support/nats-server.ts';

const nats = await startNatsServer();
const control = await startControl(nats.url);
const bus = await operator(nats.url);
const towpath = await commandLine(nats.url);
t.teardown(async () => {
  await control.stop();
  await bus.close();
  await towpath.dispose();
  await nats.dispose();
});
const ask = (command: string, body: string | Uint8Array) =>
  bus.request(`towpath.v1.default.control.${command}`, body, 10_000);
const codeOf = async (command: string, body: string | Uint8Array): Promise<number> =>
  Number((await ask(command, body)).header('Nats-Service-Error-Code'));
const state = async (): Promise<string> => JSON.stringify(JSON.parse((await ask('mesh.backup', '')).text()));

await until('control answers', async () => (await towpath.run('status')).status === 0);
await towpath.run('apply', '-f', await towpath.file('good.yaml', `${ORDERS}---${route('1s')}`));
const good = await state();

const MANY = 50_000;
const HOSTILE: readonly (readonly [name: string, text: string])[] = [
  ['nothing', ''],
  ['no resource', '--- \n---\n'],
  ['NUL', '\u0000'],
  ['brackets', '['.repeat(MANY)],
  ['maps in maps', '{a: '.repeat(MANY)],
  ['a list in a list in a list', '- '.repeat(MANY)],
  [
    'aliases of aliases',
    `a: &a [x]\n${'bcdefghi'
      .split('')
      .map((c, i) => `${c}: &${c} [${`*${'abcdefgh'[i]},`.repeat(20)}]`)
      .join('\n')}`,
  ],
  ['an alias of itself', `kind: Service\nmetadata: &m {name: a, labels: *m}\n`],
  ['an alias of its parent', `&r {kind: Service, metadata: {name: a}, spec: *r}`],
  ['__proto__ as a key', ORDERS.replace('selector:', '__proto__: {x: y}\n  selector:')],
  ['__proto__ in JSON', '{"kind":"Service","__proto__":{"kind":"Service"},"metadata":{"name":"a"}}'],
  ['constructor as a field', ORDERS.replace('spec:', 'constructor: {}\nspec:')],
  ['a kind of every object', '{"kind":"constructor","metadata":{"name":"a"}}'],
  ['a key twice', ORDERS.replace('spec:', 'kind: Service\nspec:')],
  ['a resource twice', `${ORDERS}---${ORDERS}`],
  [
    'a List with a resource twice',
    JSON.stringify({
      kind: 'List',
      items: [1, 2].map(() => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: {} })),
    }),
  ],
  ['names that leave their key', ORDERS.replace('name: orders', 'name: "a.b/c*>"')],
  ['a namespace with a dot', ORDERS.replace('namespace: shop', 'namespace: a.b')],
  ['an endless name', ORDERS.replace('name: orders', `name: ${'a'.repeat(10_000)}`)],
  [
    'a pattern that backtracks',
    route('1s').replace(
      '- timeouts',
      "- matches: [{path: {type: RegularExpression, value: '(a+)+$('}}]\n      timeouts",
    ),
  ],
  ['numbers beyond all bounds', ORDERS.replace('port: 80,', 'port: 1e309,')],
  ['tags', ORDERS.replace('app: orders', 'app: !!js/function "x"')],
  ['binary', ORDERS.replace('app: orders', 'app: !!binary AAAA')],
];

t.test('manifests that are refused, by apply, diff and analyze alike', async (t) => {
  for (const [name, text] of HOSTILE) {
    for (const command of ['resource.apply', 'resource.diff'])
      t.match(await codeOf(command, text), /^4\d\d$/, `${name}: ${command}`);
    if (text !== '') t.match(await codeOf('mesh.analyze', text), /^4\d\d$/, `${name}: mesh.analyze`);
  }
  t.equal(await state(), good);
});

t.test('more than a message holds', async (t) => {
  const huge = `${ORDERS}# ${'x'.repeat(10 * 1024 * 1024)}`;
  const file = await towpath.file('huge.yaml', huge);
  for (const command of ['apply', 'diff'])
    t.match(await towpath.run(command, '-f', file), { status: 1, out: '', err: /larger than the NATS server takes/ });
  t.match(await towpath.run('analyze', '-f', file), { status: 1, out: /\[TWP1002\].*larger than 1 MiB/ });
  await t.rejects(bus.bucket('towpath_config').put('Service.shop.orders', huge), 'the store refuses it');
  t.equal(await state(), good);
});

t.test('requests that are no requests', async (t) => {
  const nonsense = [
    '[',
    '[]',
    'null',
    '{"kind":1}',
    '{"kind":"__proto__","name":"x"}',
    '{"__proto__":{"kind":"Service"}}',
    '{"kind":"Service","name":"a","extra":1}',
    '{"kind":"Service","name":"a/b.>"}',
    '\u0000',
    '{'.repeat(60_000),
  ];
  for (const command of ['get', 'delete', 'history', 'rollback', 'describe'])
    for (const body of nonsense)
      t.match(await codeOf(`resource.${command}`, body), /^4\d\d$/, `${command} ${body.slice(0, 40)}`);
  for (const [command, body] of [
    ['resource.list', '{"kind":"constructor"}'],
    ['resource.names', '{"after":1}'],
    ['mesh.backup', '[]'],
    ['mesh.restore', '{"resources":[{"kind":"Service"}]}'],
    ['mesh.restore', '{"resources":{}}'],
    ['audit.list', '{"limit":1e9}'],
    ['change.wait', '{"epoch":-1}'],
  ] as const)
    t.match(await codeOf(command, body), /^4\d\d$/, command);
  t.match(await codeOf('mesh.restore', new Uint8Array([0x1f, 0x8b, 1, 2, 3])), 400);
  t.match(await codeOf('resource.get', new Uint8Array([0xff, 0xfe, 0xfd])), 400, 'not UTF-8');
  t.equal(await state(), good);
});

t.test('prototype names as labels and data are data', async (t) => {
  const odd = JSON.stringify({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'odd', labels: { constructor: 'a', toString: 'b', hasOwnProperty: 'c' } },
    data: { constructor: 'x', valueOf: 'y' },
  });
  t.equal(await codeOf('resource.apply', odd), 0);
  const stored = JSON.parse((await ask('resource.get', '{"kind":"ConfigMap","name":"odd"}')).text());
  t.match(stored, { metadata: { labels: { constructor: 'a', toString: 'b' } }, data: { valueOf: 'y' } });
  t.equal(({} as Record<string, unknown>)['x'], undefined, 'no prototype was touched');
  t.equal(await codeOf('resource.delete', '{"kind":"ConfigMap","name":"odd"}'), 0);
});

t.test('control lives, and takes the next change', async (t) => {
  t.equal((await towpath.run('apply', '-f', await towpath.file('next.yaml', route('2s')))).status, 0);
  t.match((await towpath.run('status')).out, /generation \d+/);
});
