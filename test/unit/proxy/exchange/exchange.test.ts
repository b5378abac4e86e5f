import t from 'tap';
import type { HttpRoutingView, ServiceView } from '../../../../src/contract/views.ts';
import { ask, connectHttp2, serveHttp2 } from '../../../helpers/http2-peers.ts';
import { ProxyRig, serviceView } from '../../../helpers/proxy-rig.ts';
import { check } from '../support/http2-rig.ts';

/** `/one` goes to the first port, `/two` to the second. */
function splitByPath(ports: readonly [number, number]): ServiceView {
  const view = serviceView([]);
  const clusters: Record<string, ServiceView['clusters'][string]> = {};
  ports.forEach((port, i) => {
    const endpoints = [{ ip: '127.0.0.1', port, weight: 1, workload: 'shop/w' }];
    clusters[`shop/c${i}:80`] = { ...view.clusters['shop/orders:80'], service: `shop/c${i}`, endpoints };
  });
  const entry = (value: string, action: number): HttpRoutingView['entries'][0] => ({
    path: { type: 'PathPrefix', value },
    method: null,
    headers: [],
    query: [],
    action,
  });
  const action = (i: number): HttpRoutingView['actions'][0] => ({
    route: 'shop/r',
    rule: String(i),
    backends: [
      {
        cluster: `shop/c${i}:80`,
        weight: 1,
        requestHeaders: { set: [{ name: 'x-to', value: `c${i}` }], add: [], remove: [] },
      },
    ],
    requestHeaders: null,
    requestTimeoutMs: null,
  });
  const http = { entries: [entry('/one', 0), entry('/two', 1)], actions: [action(0), action(1)] };
  return { ...view, ports: [{ ...view.ports[0], http }], clusters: { ...view.clusters, ...clusters } };
}

t.test('each stream of one connection is routed by itself, edited by its rule and counted exactly', async (t) => {
  const rig = new ProxyRig();
  const tos: unknown[] = [];
  const answer = (name: string) =>
    serveHttp2(rig, (stream, headers) => {
      tos.push(headers['x-to']);
      stream.respond();
      stream.end(name);
    });
  const [one, two] = [await answer('one'), await answer('two')];
  rig.service(splitByPath([one.port, two.port]));
  const session = await connectHttp2(rig);
  const paths = Array.from({ length: 60 }, (_, i) => (i % 3 === 0 ? '/one/x' : '/two'));
  const answers = await Promise.all([...paths, '/three'].map((path) => ask(session, { ':path': path })));
  t.same(
    answers.slice(0, 60).map(({ body }) => body),
    paths.map((path) => path.slice(1, 4)),
  );
  t.equal(answers[60].status, 404);
  t.same([one.requests, two.requests], [20, 40]);
  t.same(tos.filter((to) => to === 'c0').length, 20);
  const count = (labels: Record<string, string>): number => rig.count('towpath_requests_total', labels);
  t.equal(count({ route: 'shop/r/0', endpoint: `127.0.0.1:${one.port}`, code: '200' }), 20);
  t.equal(count({ route: 'shop/r/1', endpoint: `127.0.0.1:${two.port}`, code: '200' }), 40);
  t.equal(count({ code: '404', flags: 'NR' }), 1);
  t.equal(count({}), 61);
  await check(t, rig);
});

t.test('streams are balanced one by one over the endpoints of a service', async (t) => {
  const rig = new ProxyRig();
  const servers = [
    await serveHttp2(rig, (s) => s.respond({}, { endStream: true })),
    await serveHttp2(rig, (s) => s.respond({}, { endStream: true })),
  ];
  rig.service(serviceView(servers.map(({ port }) => port)));
  const session = await connectHttp2(rig);
  await Promise.all(Array.from({ length: 50 }, () => ask(session)));
  t.same(
    servers.map(({ requests }) => requests),
    [25, 25],
  );
  await check(t, rig);
});
