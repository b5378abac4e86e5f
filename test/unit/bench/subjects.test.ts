import t from 'tap';
import { DOORS, listenPort, statusPort, VIRTUAL_NETS, virtualAddress } from '../../../bench/place/addresses.ts';
import { parseStatus } from '../../../bench/place/nginx-status.ts';
import { WORKS } from '../../../bench/rows.ts';
import { parseStats as parseEnvoyStats } from '../../../bench/subjects/envoy.ts';
import { envoyConfig } from '../../../bench/subjects/envoy-config.ts';
import { parseStats } from '../../../bench/subjects/haproxy.ts';
import { isOwnAnswer } from '../../../bench/subjects/nghttpx.ts';
import { parseSamples, sumSamples } from '../../../bench/subjects/parse-samples.ts';
import { PROXIES } from '../../../bench/subjects/subject.ts';
import { countsOf } from '../../../bench/subjects/towpath.ts';
import { renderResources } from '../../../bench/subjects/towpath-resources.ts';
import { parseYamlDocuments } from '../../../src/core/yaml.ts';

t.test("HAProxy's statistics are read by frontend", async (t) => {
  const csv =
    '# pxname,svname,stot,conn_tot,\nhttp,FRONTEND,5,7,\nhttp,upstream,5,0,\nhttp,BACKEND,5,0,\ntcp,FRONTEND,9,9,\n\n';
  const stats = parseStats(csv);
  t.same([...stats.keys()], ['http', 'tcp']);
  t.equal(stats.get('http')?.['conn_tot'], '7');
});

t.test('Prometheus series are summed by the labels that are asked for', async (t) => {
  const text = `# HELP towpath_requests_total x
towpath_requests_total{side="outbound",code="200"} 5
towpath_requests_total{side="outbound",code="503",flags="UF \\"x\\""} 2
towpath_requests_total{side="inbound",code="200"} 1
towpath_ready 1
`;
  const samples = parseSamples(text);
  t.equal(sumSamples(samples, 'towpath_requests_total', { side: 'outbound' }), 7);
  t.equal(sumSamples(samples, 'towpath_requests_total', { side: 'outbound', code: '200' }), 5);
  t.equal(sumSamples(samples, 'towpath_ready', {}), 1);
  t.equal(sumSamples(samples, 'towpath_absent', {}), 0);
});

t.test('Towpath is believed only what it counted under the right verdict', async (t) => {
  const samples = parseSamples(`towpath_verdicts_total{side="outbound",verdict="http2",reason="declared"} 8
towpath_verdicts_total{side="outbound",verdict="opaque",reason="client-ended"} 1
towpath_requests_total{side="outbound",code="200",flags=""} 900
towpath_requests_total{side="outbound",code="503",flags="UF"} 4
towpath_connection_received_bytes_total{side="outbound",verdict="opaque"} 77
`);
  t.same(countsOf(samples, 'http2'), { connections: 8, requests: 900, strays: 1, bytes: null });
  t.same(countsOf(samples, 'tcp'), { connections: 1, requests: null, strays: 8, bytes: 77 });
});

t.test("Envoy's and nginx's counters are read", async (t) => {
  const stats = parseEnvoyStats(
    'http.http2.downstream_rq_2xx: 12\ncluster.http2.upstream_cx_http2_total: 3\nserver.state: x\n',
  );
  t.equal(stats.get('http.http2.downstream_rq_2xx'), 12);
  t.equal(stats.size, 2);
  const page =
    'Active connections: 1 \nserver accepts handled requests\n 10 10 81337 \nReading: 0 Writing: 1 Waiting: 0 \n';
  t.same(parseStatus(page), { connections: 10, requests: 81337 });
  t.throws(() => parseStatus('<html>'), /not a status page/);
});

t.test('an answer that nghttpx passed on is told from one that it gave', async (t) => {
  const head = (version: string, via: string) => `HTTP/${version} 200 \r\nserver: nginx\r\n${via}\r\n\r\n`;
  t.ok(isOwnAnswer(head('2', 'via: 2 nghttpx'), '2'));
  t.ok(isOwnAnswer(head('1.1', 'Via: 1.1 nghttpx'), '1.1'));
  t.notOk(isOwnAnswer(head('2', 'via: 1.1 nghttpx'), '2'), 'HTTP/1.1 to the upstream');
  t.notOk(isOwnAnswer(head('2', 'x: y'), '2'));
  t.notOk(isOwnAnswer('HTTP/1.1 502 Bad Gateway\r\nvia: 1.1 nghttpx\r\n\r\n', '1.1'));
});

t.test('no two doors share an address or a port', async (t) => {
  const doors = PROXIES.flatMap((proxy) => DOORS.map((door) => ({ proxy, door })));
  const addresses = doors.map(({ proxy, door }) => virtualAddress(proxy, door).address);
  const ports = [...doors.map(({ proxy, door }) => listenPort(proxy, door)), ...PROXIES.map(statusPort)];
  t.equal(new Set(addresses).size, doors.length);
  t.equal(new Set(ports).size, ports.length);
  t.equal(new Set(VIRTUAL_NETS.map(({ net }) => net)).size, doors.length);
});

t.test('Towpath has a service for each kind of work, and TLS only with an authority', async (t) => {
  const kinds = (authority: string | null): unknown[] => {
    const parsed = parseYamlDocuments(renderResources(authority));
    return parsed.ok ? parsed.value.map((one) => (one as { kind: string }).kind) : parsed.error;
  };
  t.equal(kinds(null).filter((kind) => kind === 'Service').length, WORKS.length);
  t.notMatch(kinds(null).join(), /BackendTLSPolicy/);
  const pem = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  t.match(kinds(pem).join(), /BackendTLSPolicy,ConfigMap$/);
});

t.test('Envoy has a listener and a cluster for each kind of work', async (t) => {
  const text = JSON.stringify(envoyConfig('/ca.crt'));
  for (const work of WORKS) t.match(text, `"cluster_name":"${work}"`);
  t.match(text, /"trusted_ca":\{"filename":"\/ca\.crt"\}/);
});
