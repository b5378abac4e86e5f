import t from 'tap';
import { commandLine } from './support/command-line.ts';
import { ORDERS, route, startControl, until } from './support/mesh.ts';
import { startNatsServer } from './support/nats-server.ts';

const nats = await startNatsServer();
const control = await startControl(nats.url);
const towpath = await commandLine(nats.url);
t.teardown(async () => {
  await control.stop();
  await towpath.dispose();
  await nats.dispose();
});

const good = await towpath.file('good.yaml', `${ORDERS}---${route('1s')}`);
const lone = await towpath.file('lone.yaml', route('1s', 'lone'));
const twice = await towpath.file('twice.yaml', route('1s', 'twice'));
const broken = await towpath.file('broken.yaml', route('1s').replace('backendRefs', 'backendRefz'));

await until('control answers', async () => (await towpath.run('status')).status === 0);

t.test('files on their own need no NATS; a reference out of them is an error', async (t) => {
  const nowhere = await commandLine('nats://127.0.0.1:1');
  t.same(await nowhere.run('analyze', '-f', good), { status: 0, out: '', err: 'nothing to tell\n' });
  const ran = await nowhere.run('analyze', '-f', lone);
  t.equal(ran.status, 1);
  t.match(
    ran.out,
    /^Error \[TWP0101\] \(HTTPRoute shop\/lone\) spec\.parentRefs\[0\]: the Service shop\/orders does not exist\n/,
  );
  const bad = await nowhere.run('analyze', '-f', broken);
  t.match(bad, {
    status: 1,
    out: /^Error \[TWP0106\] \(HTTPRoute shop\/orders\) \S+broken\.yaml: spec\.rules\[0\]\.backendRefz: unknown field/,
  });
  await nowhere.dispose();
});

t.test('the mesh as it is, and from which level on that is a failure', async (t) => {
  await towpath.run('apply', '-f', good);
  const ran = await towpath.run('analyze');
  t.match(ran, {
    status: 0,
    out: /^Warning \[TWP0127\] \(Service shop\/orders\) spec\.selector: no healthy workload/,
    err: '',
  });
  t.equal((await towpath.run('analyze', '--fail-on', 'warning')).status, 1);
  t.match(JSON.parse((await towpath.run('analyze', '-o', 'json')).out), {
    findings: [{ level: 'warning', code: 'TWP0127' }],
  });
  t.match(await towpath.run('analyze', '--fail-on', 'info'), { status: 2, err: /--fail-on must be error or warning/ });
});

t.test(
  'files on top of the mesh: what they refer to is there; only what is new is told; nothing is changed',
  async (t) => {
    t.same(
      await towpath
        .run('analyze', '-f', good, '--live', '-o', 'json')
        .then(({ out }) => JSON.parse(out).findings.length),
      1,
      'about the file',
    );
    const ran = await towpath.run('analyze', '-f', twice, '--live');
    t.equal(ran.status, 0, ran.err);
    t.match(ran.out, /^Warning \[TWP0130\] \(HTTPRoute shop\/twice\) spec\.rules\[0\]: /);
    t.notMatch(ran.out, /TWP0127/, 'what the mesh has already');
    t.match(await towpath.run('analyze', '-f', broken, '--live'), { status: 1, out: /TWP0106/ });
    t.match((await towpath.run('get', 'httproute', 'twice', '-n', 'shop')).err, /does not exist/);
  },
);
