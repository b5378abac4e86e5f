import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { FileSource } from '../../../../src/agent/standalone/file-source.ts';
import type { ViewSink } from '../../../../src/agent/view-source.ts';
import type { HostView } from '../../../../src/contract/host-view.ts';
import type { ServiceView } from '../../../../src/contract/views.ts';
import { UserError } from '../../../../src/core/errors.ts';
import { createLogger } from '../../../../src/telemetry/logger.ts';

const logger = createLogger({ name: 'test', level: 'silent' });

function service(name: string, port: number): string {
  return `apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec: { clusterIP: 240.240.0.9, ports: [{ port: 80 }], selector: { app: ${name} } }
---
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: ${name}-1, labels: { app: ${name} } }
spec: { address: 127.0.0.1, ports: { '': ${port} } }
`
    .replace("ports: { '': ", 'ports: { http: ')
    .replace('[{ port: 80 }]', '[{ name: http, port: 80 }]');
}

/** Keeps what a data thread would hold. */
class Recorder implements ViewSink {
  readonly services = new Map<string, ServiceView>();
  readonly events: string[] = [];
  names: string[] = [];
  own: HostView | null = null;

  async directory(view: Parameters<ViewSink['directory']>[0]): Promise<void> {
    this.names = view.services.map((s) => s.name);
    this.events.push('directory');
  }
  async service(view: ServiceView): Promise<void> {
    this.services.set(`${view.namespace}/${view.name}`, view);
    this.events.push(`service ${view.name}`);
  }
  async host(view: HostView): Promise<void> {
    this.own = view;
  }
  async serviceRemoved(key: string): Promise<void> {
    this.services.delete(key);
    this.events.push(`removed ${key}`);
  }
  ports(name: string): number[] {
    const view = this.services.get(`default/${name}`);
    return Object.values(view?.clusters ?? {}).flatMap((cluster) => cluster.endpoints.map((e) => e.port));
  }
}

async function started(t: Tap, paths: readonly string[]): Promise<{ source: FileSource; sink: Recorder }> {
  const source = new FileSource({ paths, host: 'h' }, logger);
  const sink = new Recorder();
  await source.load();
  await source.start(sink, []);
  source.follow();
  t.teardown(() => source.stop());
  return { source, sink };
}
type Tap = { teardown(end: () => unknown): void };

async function until(check: () => boolean): Promise<boolean> {
  for (let i = 0; i < 100 && !check(); i++) await sleep(50);
  return check();
}

t.test('a file that is read while it is being written takes nothing away', async (t) => {
  const both = `${service('web', 8081)}---\n${service('orders', 8082).replace('240.240.0.9', '240.240.0.10')}`;
  const file = join(t.testdir({ 'a.yaml': both }), 'a.yaml');
  const { source, sink } = await started(t, [file]);
  source.demand('default/web');
  source.demand('default/orders');
  await until(() => sink.ports('orders').length === 1);
  const before = sink.events.length;
  for (const part of ['', service('web', 8081)]) {
    writeFileSync(file, part);
    await sleep(400);
    await source.reload();
    await sleep(400);
    await source.reload();
    writeFileSync(file, both);
    await sleep(400);
    t.strictSame(sink.events.slice(before), [], `${part.length} bytes of it`);
  }
  writeFileSync(file, service('web', 8083));
  t.ok(await until(() => !sink.services.has('default/orders')), 'what stays away is gone');
  t.strictSame([sink.names, sink.ports('web')], [['web'], [8083]]);
});

t.test('only services that were dialled are delivered, at once when they exist', async (t) => {
  const file = join(t.testdir({ 'a.yaml': service('web', 8081) }), 'a.yaml');
  const { source, sink } = await started(t, [file]);
  t.strictSame(sink.names, ['web']);
  t.equal(sink.services.size, 0);
  source.demand('default/web');
  source.demand('default/none');
  await until(() => sink.events.length >= 3);
  t.strictSame(sink.ports('web'), [8081]);
  t.ok(sink.events.includes('removed default/none'), 'a service that does not exist is said to be so');
});

t.test(
  'a saved file is applied; a bad one changes nothing and is reported; a mended one is applied again',
  async (t) => {
    const file = join(t.testdir({ 'a.yaml': service('web', 8081) }), 'a.yaml');
    const { source, sink } = await started(t, [file]);
    source.demand('default/web');
    writeFileSync(file, service('web', 8082));
    t.ok(await until(() => sink.ports('web')[0] === 8082));

    writeFileSync(file, service('web', 8083).replace('selector', 'selectro'));
    t.ok(await until(() => source.describe().type === 'files' && problemsOf(source).length > 0));
    t.match(problemsOf(source)[0], /a\.yaml: Service default\/web: spec\.selectro: unknown field/);
    t.strictSame(sink.ports('web'), [8082], 'what was in force stays in force');

    writeFileSync(file, service('web', 8084));
    t.ok(await until(() => sink.ports('web')[0] === 8084));
    t.strictSame(problemsOf(source), []);
  },
);

t.test('a file replaced by rename is followed, as editors save', async (t) => {
  const folder = t.testdir({ 'a.yaml': service('web', 8081) });
  const { source, sink } = await started(t, [join(folder, 'a.yaml')]);
  source.demand('default/web');
  for (const port of [8082, 8083]) {
    writeFileSync(join(folder, 'a.yaml.swap'), service('web', port));
    renameSync(join(folder, 'a.yaml.swap'), join(folder, 'a.yaml'));
    t.ok(await until(() => sink.ports('web')[0] === port), `port ${port}`);
  }
});

t.test('a directory gains and loses files; other files in it do not matter', async (t) => {
  const folder = t.testdir({ d: { 'a.yaml': service('web', 8081), 'note.txt': 'x: [', '.b.yaml': 'x: [' } });
  const { source, sink } = await started(t, [join(folder, 'd')]);
  writeFileSync(join(folder, 'd', 'b.yml'), service('shop', 9000).replace('240.240.0.9', '240.240.0.8'));
  t.ok(await until(() => sink.names.length === 2));
  source.demand('default/shop');
  t.ok(await until(() => sink.ports('shop')[0] === 9000));
  rmSync(join(folder, 'd', 'b.yml'));
  t.ok(await until(() => sink.names.length === 1));
  t.ok(await until(() => !sink.services.has('default/shop')), 'the dialled service is withdrawn');
});

t.test('a named file that vanishes changes nothing', async (t) => {
  const folder = t.testdir({ 'a.yaml': service('web', 8081) });
  const { source, sink } = await started(t, [join(folder, 'a.yaml')]);
  source.demand('default/web');
  rmSync(join(folder, 'a.yaml'));
  t.ok(await until(() => problemsOf(source).length > 0));
  t.match(problemsOf(source)[0], /a\.yaml: cannot be read: there is no such file/);
  t.strictSame(sink.ports('web'), [8081]);
});

t.test('equal content, saved again, changes no view', async (t) => {
  const file = join(t.testdir({ 'a.yaml': service('web', 8081) }), 'a.yaml');
  const { source, sink } = await started(t, [file]);
  source.demand('default/web');
  await until(() => sink.services.size === 1);
  const version = sink.services.get('default/web')?.version;
  writeFileSync(file, `# a comment\n${service('web', 8081)}`);
  await source.reload();
  t.strictSame(sink.services.get('default/web')?.version, version);
});

t.test('the workloads of this host become endpoints while they are healthy', async (t) => {
  const file = join(t.testdir({ 'a.yaml': service('web', 8081) }), 'a.yaml');
  const { source, sink } = await started(t, [file]);
  source.demand('default/web');
  const local = {
    namespace: 'default',
    name: 'local',
    labels: { app: 'web' },
    address: '10.0.0.1',
    ports: { http: 80 },
    weight: 1,
  };
  source.setWorkloads([{ ...local, healthy: true }]);
  t.ok(await until(() => sink.ports('web').length === 2));
  source.setWorkloads([{ ...local, healthy: false }]);
  t.ok(await until(() => sink.ports('web').length === 1));
  t.strictSame(sink.ports('web'), [8081]);
});

t.test('at the start every problem is thrown, and nothing is delivered', async (t) => {
  const folder = t.testdir({ 'a.yaml': 'kind: Pod\n', 'b.yaml': 'x: [\n' });
  mkdirSync(join(folder, 'empty'));
  const paths = ['a.yaml', 'b.yaml', 'none.yaml'].map((name) => join(folder, name));
  const error = await new FileSource({ paths, host: 'h' }, logger).load().catch((e: unknown) => e);
  if (!(error instanceof UserError)) throw new Error('expected a UserError');
  t.match(
    error.problems.map((p) => p.path),
    [/none\.yaml$/],
  );
  const readable = await new FileSource({ paths: paths.slice(0, 2), host: 'h' }, logger)
    .load()
    .catch((e: unknown) => e);
  if (!(readable instanceof UserError)) throw new Error('expected a UserError');
  t.equal(readable.problems.length >= 2, true);
});

function problemsOf(source: FileSource): readonly string[] {
  const status = source.describe();
  return status.type === 'files' ? status.problems : [];
}

t.test('the probes of groups are told at once, and again when the files change', async (t) => {
  const group = (port: number): string =>
    `{apiVersion: networking.istio.io/v1, kind: WorkloadGroup, metadata: {name: g}, spec: {template: {}, probe: {tcpSocket: {port: ${port}}}}}`;
  const file = join(t.testdir({ 'a.yaml': group(8081) }), 'a.yaml');
  const { source } = await started(t, [file]);
  const ports: (number | null)[] = [];
  source.followGroups(['default/g', 'default/none'], (probes) => {
    const check = probes.get('default/g')?.check;
    ports.push(check?.type === 'tcp' ? check.port : null);
    t.equal(probes.get('default/none'), null);
  });
  t.same(ports, [8081]);
  writeFileSync(file, group(8082));
  await until(() => ports.length > 1);
  t.same(ports, [8081, 8082]);
});
