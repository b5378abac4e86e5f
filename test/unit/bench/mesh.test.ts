import t from 'tap';
import { makePeerCertificates } from '../../../bench/mesh/certificates.ts';
import { envoyPeer, haproxyPeer, redirectRules } from '../../../bench/mesh/peers.ts';
import { type MeshResult, promises, render } from '../../../bench/mesh/report.ts';

const result = (name: string, caller: number, callee: number, handshake: number | null, p99: number): MeshResult => ({
  name,
  callerMicros: caller,
  calleeMicros: callee,
  handshakeMicros: handshake,
  latencyMs: [p99 / 3, p99 / 2, p99],
});
const RESULTS = [
  result('towpath', 12, 13, 500, 1),
  result('towpath-plain', 10, 10, null, 0.9),
  result('haproxy', 12, 10, 500, 1),
  result('envoy', 30, 20, 900, 1),
  result('none', 0, 0, null, 0.8),
];

t.test('what is promised is judged hop by hop', async (t) => {
  const kept = promises(RESULTS).map(({ what, measured, limit }) => [what, measured <= limit]);
  t.same(kept, [
    ['CPU per request, caller, over towpath-plain', true],
    ['CPU per request, caller, over haproxy', true],
    ['CPU per request, caller, over envoy', true],
    ['CPU per request, callee, over towpath-plain', true],
    ['CPU per request, callee, over haproxy', false],
    ['CPU per request, callee, over envoy', false],
    ['CPU per full handshake, over haproxy', true],
    ['ms added at p90 by two sidecars', true],
    ['ms added at p99 by two sidecars', true],
  ]);
  t.equal(promises(RESULTS.slice(0, 1)).length, 2, 'without peers their lines are missing');
  t.same(promises([]), []);
});

t.test('the table has a line for each pair', async (t) => {
  t.match(render(RESULTS), '| towpath-plain | 10.0 | 10.0 | - | 0.300 | 0.450 | 0.900 |\n');
  t.match(render(RESULTS), '| CPU per request, callee, over haproxy | 1.30 | 1.05 | missed |\n');
});

t.test('peers are reached by rules, as agents are', async (t) => {
  const { caller, callee } = redirectRules('10.0.0.2');
  t.match(caller.join(' '), /OUTPUT -p tcp -d 10\.0\.0\.2 --dport 81 -j REDIRECT --to-ports 8000$/);
  t.match(callee.join(' '), /PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8443$/);
});

t.test('peers demand a certificate of the caller, and verify the callee', async (t) => {
  const certificates = makePeerCertificates();
  const [first, second] = [haproxyPeer(certificates, '10.0.0.2'), haproxyPeer(certificates, null)];
  t.match(first.files['haproxy.cfg'], /server next 10\.0\.0\.2:80 ssl .* verify required verifyhost peer\.bench\.test/);
  t.match(second.files['haproxy.cfg'], /bind \*:8443 ssl .* verify required/);
  t.match(envoyPeer(certificates, null).files['envoy.json'], /"require_client_certificate": true/);
  t.match(envoyPeer(certificates, '10.0.0.2').files['envoy.json'], /"sni": "peer\.bench\.test"/);
  for (const { files } of [first, second]) t.match(files['leaf.pem'], /CERTIFICATE[\s\S]*PRIVATE KEY/);
});
