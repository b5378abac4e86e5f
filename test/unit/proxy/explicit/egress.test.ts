/** What lies outside the mesh, named in explicit mode: hosts of ServiceEntries, and programs that may reach services only. */
import t from 'tap';
import type { ServiceView } from '../../../../src/contract/views.ts';
import { check, echo, explicitRig, tell, view } from './support/explicit-rig.ts';

const REGISTRY_ONLY = { default: { mode: 'REGISTRY_ONLY' } } as const;

/** The same view, whose connections keep their destination. */
function passthrough(of: ServiceView): ServiceView {
  const clusters = Object.entries(of.clusters).map(([key, cluster]) => [key, { ...cluster, passthrough: true }]);
  return { ...of, virtualIps: [], clusters: Object.fromEntries(clusters) };
}

t.test(
  'a host of a ServiceEntry is its service; where destinations are kept it is resolved like any other',
  async (t) => {
    const rig = explicitRig([]);
    const { port } = await echo(rig, 'vendor');
    const balanced = view('shop', 'balanced', { 80: ['http1', port] });
    const kept = passthrough(view('shop', 'kept', { [port]: ['http1'] }));
    const { table } = rig.context;
    table.setDirectory([
      { namespace: 'shop', name: 'balanced', virtualIps: [], ports: [80], hosts: ['api.vendor.com'] },
      { namespace: 'shop', name: 'kept', virtualIps: [], ports: [port], hosts: ['kept.vendor.com'] },
    ]);
    for (const one of [balanced, kept]) table.setService(one);
    rig.names.put('kept.vendor.com', ['127.0.0.1'], '', rig.reactor.now);
    const client = await rig.client();
    t.match(await tell(rig, client, 'GET http://api.vendor.com/ HTTP/1.1\r\nHost: api.vendor.com\r\n\r\n'), /vendor$/);
    const target = `kept.vendor.com:${port}`;
    t.match(await tell(rig, client, `GET http://${target}/ HTTP/1.1\r\nHost: ${target}\r\n\r\n`), /vendor$/);
    t.equal(rig.count('towpath_requests_total', { service: 'shop/kept', code: '200' }), 1);
    client.socket.destroy();
    await check(t, rig);
  },
);

t.test('with services only, other hosts and addresses get 502, those below a registered wildcard do not', async (t) => {
  const rig = explicitRig([]);
  const { port } = await echo(rig, 'outside');
  const entry = { namespace: 'shop', name: 'out', virtualIps: [], ports: [port], hosts: ['*.vendor.com'] };
  rig.context.table.setDirectory([entry], REGISTRY_ONLY);
  for (const name of ['a.vendor.com', 'example.org']) rig.names.put(name, ['127.0.0.1'], '', rig.reactor.now);
  const client = await rig.client();
  const ask = (host: string) =>
    tell(rig, client, `GET http://${host}:${port}/ HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`);
  t.match(await ask('a.vendor.com'), /outside$/);
  t.match(await ask('example.org'), /^HTTP\/1\.1 502 [\s\S]*example\.org is no service/);
  t.match(await ask('127.0.0.1'), /^HTTP\/1\.1 502 /);
  rig.context.table.setDirectory([entry], {});
  t.match(await ask('example.org'), /outside$/);
  client.socket.destroy();
  await check(t, rig);
});
