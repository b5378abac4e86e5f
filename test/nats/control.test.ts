import t from 'tap';
import type { BusMessage } from '../../src/contract/bus-types.ts';
import { changeReplySchema, failureSchema, listReplySchema, resourceReplySchema } from '../../src/contract/messages.ts';
import { ORDERS, operator, route, startControl, until } from './support/mesh.ts';
import { startNatsServer } from './support/nats-server.ts';

const nats = await startNatsServer();
const control = await startControl(nats.url);
const bus = await operator(nats.url);
t.teardown(async () => {
  await control.stop();
  await bus.close();
  await nats.dispose();
});

const PREFIX = 'towpath.v1.default.control';
const ask = (verb: string, body: string, headers: Record<string, string> = {}): Promise<BusMessage> =>
  bus.request(`${PREFIX}.${verb}`, body, 5_000, headers);
const codeOf = (reply: BusMessage): string => reply.header('Nats-Service-Error-Code');
const problemsOf = (reply: BusMessage) => failureSchema.parse(JSON.parse(reply.text())).problems;
const applied = async (text: string, headers: Record<string, string> = {}) =>
  changeReplySchema.parse(JSON.parse((await ask('resource.apply', text, headers)).text()));

await until('control answers', () =>
  ask('mesh.status', '').then(
    () => true,
    () => false,
  ),
);

t.test('apply admits several documents and says what became of each', async (t) => {
  const reply = await applied(`${ORDERS}---${route('1s')}`);
  t.match(reply.results, [
    { id: 'Service.shop.orders', outcome: 'created', generation: 1 },
    { id: 'HTTPRoute.shop.orders', outcome: 'created', generation: 1 },
  ]);
  const again = await applied(`${ORDERS}---${route('2s')}`);
  t.match(again.results, [
    { outcome: 'unchanged', generation: 1 },
    { outcome: 'updated', generation: 2 },
  ]);
  t.ok(again.gen > reply.gen, 'the changed view is a newer generation');
  t.equal((await applied(ORDERS)).gen, again.gen, 'what changes nothing publishes nothing');
});

t.test('one bad document refuses all of them, with the path of the field and a code', async (t) => {
  const bad = `${route('3s', 'fresh')}---${route('3s', 'other').replace('backendRefs', 'backendRefz')}`;
  const reply = await ask('resource.apply', bad, { 'Towpath-Source': 'two.yaml' });
  t.equal(codeOf(reply), '400');
  t.match(problemsOf(reply), [
    { code: 'TWP0106', path: 'two.yaml: HTTPRoute shop/other: spec.rules[0].backendRefz', message: /unknown field/ },
  ]);
  t.equal(codeOf(await ask('resource.get', '{"kind":"HTTPRoute","namespace":"shop","name":"fresh"}')), '404');
});

t.test('malformed requests are refused with a sentence, and control stays up', async (t) => {
  for (const [verb, body, code] of [
    ['resource.apply', ': : [', '400'],
    ['resource.apply', '', '400'],
    ['resource.apply', '\u0000\u0001\u00ff', '400'],
    ['resource.apply', '['.repeat(5_000), '400'],
    ['resource.delete', 'not json', '400'],
    ['resource.delete', '{"kind":"Nonsense","name":"x"}', '400'],
    ['resource.delete', '{"kind":"Service","namespace":"shop","name":"absent"}', '404'],
    ['resource.get', '{"kind":7}', '400'],
    ['resource.list', '{"unknown":1}', '400'],
    ['change.wait', '{"epoch":-1}', '400'],
  ] as const) {
    const reply = await ask(verb, body);
    t.equal(codeOf(reply), code, `${verb} ${JSON.stringify(body.slice(0, 20))}`);
    t.not(reply.header('Nats-Service-Error'), '');
  }
  t.equal((await listReplySchema.parseAsync(JSON.parse((await ask('resource.list', '')).text()))).items.length, 2);
});

t.test('a delete of several, of which one does not exist, deletes none', async (t) => {
  const both =
    '{"resources":[{"kind":"HTTPRoute","namespace":"shop","name":"orders"},{"kind":"Service","name":"absent"}]}';
  const reply = await ask('resource.delete', both);
  t.equal(codeOf(reply), '404');
  t.equal(codeOf(await ask('resource.get', '{"kind":"HTTPRoute","namespace":"shop","name":"orders"}')), '');
});

t.test('a dry run checks and changes nothing', async (t) => {
  const reply = await applied(route('9s', 'dry'), { 'Towpath-Dry-Run': 'true' });
  t.match(reply.results, [{ outcome: 'created' }]);
  t.equal(codeOf(await ask('resource.get', '{"kind":"HTTPRoute","namespace":"shop","name":"dry"}')), '404');
});

t.test(
  'get shows generation, creation time, revision and conditions, and its answer can be applied again',
  async (t) => {
    const text = (await ask('resource.get', '{"kind":"Service","namespace":"shop","name":"orders"}')).text();
    const service = resourceReplySchema.parse(JSON.parse(text));
    t.equal(service.metadata.generation, 1);
    t.match(service.metadata.creationTimestamp, /^\d{4}-\d\d-\d\dT/);
    t.match(service.status.conditions, [{ type: 'Accepted', status: 'True' }, { type: 'towpath.dev/Programmed' }]);
    t.match((await applied(text)).results, [{ outcome: 'unchanged' }]);
  },
);

t.test('references that do not resolve are warnings, and conditions in towpath_status', async (t) => {
  const reply = await applied(route('1s', 'dangling').replace('{name: orders, port: 80}', '{name: nowhere, port: 80}'));
  t.match(reply.warnings, [{ code: 'BackendNotFound', path: /HTTPRoute shop\/dangling/ }]);
  await until('the status record', async () => {
    const entry = await bus.bucket('towpath_status').get('HTTPRoute.shop.dangling');
    return entry !== null && Buffer.from(entry.data).toString().includes('BackendNotFound');
  });
  await ask('resource.delete', '{"kind":"HTTPRoute","namespace":"shop","name":"dangling"}');
  await until('the status record goes with the resource', async () => {
    return (await bus.bucket('towpath_status').get('HTTPRoute.shop.dangling'))?.deleted === true;
  });
});

t.test('a request that is sent twice changes once', async (t) => {
  const headers = { 'Towpath-Request-Id': 'once', 'Towpath-Author': 'ann@laptop' };
  const first = await applied(route('4s', 'once'), headers);
  const second = await applied(route('4s', 'once'), headers);
  t.same(second, first);
  t.match(second.results, [{ outcome: 'created' }]);
});

t.test('every change leaves an audit event with its author', async (t) => {
  const info = await bus.request(
    '$JS.API.STREAM.MSG.GET.TOWPATH_AUDIT',
    '{"last_by_subj":"towpath.v1.default.audit.resource"}',
    2_000,
  );
  const message = JSON.parse(info.text()).message;
  t.match(JSON.parse(Buffer.from(message.data, 'base64').toString()), {
    action: 'apply',
    author: 'ann@laptop',
    requestId: 'once',
    results: [{ id: 'HTTPRoute.shop.once', outcome: 'created', generation: 1 }],
  });
});

t.test('the service answers the micro protocol and counts its errors', async (t) => {
  const info = JSON.parse((await bus.request('$SRV.INFO.towpath-control.test', '', 10_000)).text());
  t.match(info, { type: 'io.nats.micro.v1.info_response', name: 'towpath-control', id: 'test' });
  t.match(info.endpoints[0], {
    name: 'resource-apply',
    subject: `${PREFIX}.resource.apply`,
    queue_group: 'towpath-control',
  });
  const stats = JSON.parse((await bus.request('$SRV.STATS.towpath-control', '', 10_000)).text());
  t.ok(stats.endpoints[0].num_requests >= 8);
  t.ok(stats.endpoints[0].num_errors >= 5);
  t.ok(stats.endpoints[0].average_processing_time > 0);
});

t.test('metrics and health are served over HTTP', async (t) => {
  const page = (path: string) => fetch(`http://127.0.0.1:${control.httpPort}${path}`);
  t.equal((await page('/healthz')).status, 200);
  t.equal((await page('/readyz')).status, 200);
  t.equal((await page('/nothing')).status, 404);
  const metrics = await (await page('/metrics')).text();
  t.match(metrics, /towpath_control_leading 1\n/);
  t.match(metrics, /towpath_control_resources\{kind="Service"\} 1\n/);
});

t.test('control is asked for a port that is taken: it says so', async (t) => {
  await t.rejects(
    (async () => {
      const { runControl } = await import('../../src/control/main.ts');
      const { DEFAULT_CONTROL_SETTINGS } = await import('../../src/control/settings.ts');
      const { createLogger } = await import('../../src/telemetry/logger.ts');
      const http = { address: '127.0.0.1', port: control.httpPort };
      const settings = { ...DEFAULT_CONTROL_SETTINGS, servers: [nats.url], http, id: 'second', version: '0.1.0' };
      await runControl(settings, createLogger({ name: 'control', level: 'silent' }));
    })(),
    { name: 'UserError', message: new RegExp(`port ${control.httpPort} is already in use`) },
  );
});
