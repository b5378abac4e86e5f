import t from 'tap';
import { problemsOf, refuses } from '../refuses.ts';
import { type Manifest, peerAuthentication, specOf } from '../world.ts';

t.test('PeerAuthentication: every mode, with and without a selector, as Istio writes it', async (t) => {
  t.same(specOf(peerAuthentication('p', {})), {});
  t.same(specOf(peerAuthentication('p', { mtls: {} })), { mtls: { mode: 'UNSET' } });
  for (const mode of ['UNSET', 'DISABLE', 'PERMISSIVE', 'STRICT'])
    t.same(specOf(peerAuthentication('p', { mtls: { mode } })), { mtls: { mode } });
  const full = {
    selector: { matchLabels: { app: 'pay' } },
    mtls: { mode: 'STRICT' },
    portLevelMtls: { 8080: { mode: 'DISABLE' }, 9090: { mode: 'UNSET' } },
  };
  t.same(specOf(peerAuthentication('p', full)), full);
  t.same(problemsOf({ ...peerAuthentication('p', full), apiVersion: 'security.istio.io/v1beta1' }), []);
});

t.test('PeerAuthentication: every class of refused field', async (t) => {
  const selector = { matchLabels: { app: 'pay' } };
  const cases: readonly [Manifest, string, RegExp][] = [
    [{ mtls: { mode: 'strict' } }, 'spec.mtls.mode', /one of/],
    [{ mtls: { mode: 'STRICT', sni: 'x' } }, 'spec.mtls.sni', /unknown/],
    [{ mode: 'STRICT' }, 'spec.mode', /unknown/],
    [{ selector: { labels: { app: 'pay' } } }, 'spec.selector.labels', /unknown/],
    [{ portLevelMtls: { 80: { mode: 'STRICT' } } }, 'spec.portLevelMtls', /needs a selector/],
    [{ selector: { matchLabels: {} }, portLevelMtls: { 80: {} } }, 'spec.portLevelMtls', /needs a selector/],
    [{ selector, portLevelMtls: {} }, 'spec.portLevelMtls', /at least one port/],
    [{ selector, portLevelMtls: { 0: {} } }, 'spec.portLevelMtls["0"]', /from 1 to 65535/],
    [{ selector, portLevelMtls: { 65536: {} } }, 'spec.portLevelMtls["65536"]', /from 1 to 65535/],
    [{ selector, portLevelMtls: { http: {} } }, 'spec.portLevelMtls.http', /number of a port/],
  ];
  for (const [spec, path, words] of cases) refuses(t, peerAuthentication('p', spec), path, words);
});
