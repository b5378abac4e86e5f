/** Metrics name callers that mutual TLS has proved, and nobody else. */
import t from 'tap';
import { makeReports } from '../../../../src/agent/metric-report.ts';
import { requestCounts } from '../../../../src/telemetry/counted-series.ts';
import { istioSamples } from '../../../../src/telemetry/istio-metrics.ts';
import { MeshPair, WEB } from '../support/mesh-pair.ts';

t.test('who called is told to Prometheus under the names of Istio, and to control', async (t) => {
  const pair = new MeshPair();
  const { port } = await pair.callee.serve((socket) =>
    socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')),
  );
  pair.lead({ port });
  await pair.identify();
  const request =
    'GET / HTTP/1.1\r\nHost: orders\r\nX-Forwarded-Client-Cert: URI=spiffe://cluster.local/ns/a/sa/b\r\n\r\n';
  for (const open of [() => pair.caller.client(), () => pair.caller.client(), () => pair.stranger()]) {
    const client = await open();
    client.send(request);
    await pair.callee.until(() => client.text.endsWith('ok'), 'the answer');
    client.socket.destroy();
  }
  const counted = (): number => pair.callee.count('towpath_requests_total', { side: 'inbound' });
  await pair.callee.until(() => counted() === 3, 'the last count');
  const series = pair.callee.counted();
  const host = { mesh: 'default', workloads: [], isService: () => true };
  const shown = istioSamples(host, requestCounts(series), series).filter(({ name }) => name === 'istio_requests_total');
  const identity = WEB.replace('spiffe://', '');
  t.same(
    shown.map(({ labels, value }) => [labels['source_principal'], labels['connection_security_policy'], value]).sort(),
    [
      [`spiffe://${identity}`, 'mutual_tls', 2],
      ['unknown', 'none', 1],
    ],
  );
  const [report] = makeReports({ boot: 'b', startedMs: 0, uptimeMs: 1, sequence: 1 }, 'shop/orders-1', series);
  t.same(
    report?.requests.map(({ side, caller, endings }) => [side, caller, endings]),
    [
      ['inbound', identity, { '200  ': 2 }],
      ['inbound', '', { '200  ': 1 }],
    ],
  );
  await pair.end(t);
});
