import t from 'tap';
import { hostViewSchema } from '../../../../src/contract/host-view.ts';
import { compileHost } from '../../../../src/resources/index.ts';
import { endpoint, indexOf, type Manifest, peerAuthentication } from '../world.ts';

const W = endpoint('w');
const OTHER = endpoint('o', { namespace: 'lab' });
const host = (policies: Manifest[], ...workloads: (typeof W)[]) => compileHost(indexOf(...policies), workloads);
const mode = (name: string, mode: string, more: Manifest = {}, metadata: Manifest = {}): Manifest =>
  peerAuthentication(name, { mtls: { mode }, ...more }, metadata);

t.test('what is so anyway is left out', async (t) => {
  t.same(host([], W), { workloads: [] });
  t.same(host([mode('p', 'UNSET')], W), { workloads: [] });
});

t.test('a workload has its mode, its ports, and who decided', async (t) => {
  const selector = { matchLabels: { app: 'orders' } };
  const ports = { 9000: { mode: 'DISABLE' }, 81: { mode: 'UNSET' } };
  const view = host([mode('n', 'PERMISSIVE'), mode('w', 'STRICT', { selector, portLevelMtls: ports })], W);
  t.same(view, {
    workloads: [
      {
        namespace: 'shop',
        name: 'w',
        mtls: {
          mode: 'STRICT',
          policy: 'shop/w',
          ports: [
            { port: 81, mode: 'STRICT', policy: 'shop/w' },
            { port: 9000, mode: 'DISABLE', policy: 'shop/w' },
          ],
        },
      },
    ],
    mtls: { mode: 'PERMISSIVE', policy: 'shop/n' },
  });
  t.equal(hostViewSchema.safeParse({ version: { epoch: 1, gen: 1, hash: '0'.repeat(16) }, ...view }).success, true);
});

t.test('other ports have the strictest of what is said of the host', async (t) => {
  const lab = mode('l', 'STRICT', {}, { namespace: 'lab' });
  t.same(host([lab], W, OTHER).mtls, { mode: 'STRICT', policy: 'lab/l' });
  t.same(host([lab], W).mtls, undefined);
  t.same(host([lab]).mtls, undefined);
  t.same(host([mode('m', 'STRICT', {}, { namespace: 'istio-system' })]).mtls, {
    mode: 'STRICT',
    policy: 'istio-system/m',
  });
});
