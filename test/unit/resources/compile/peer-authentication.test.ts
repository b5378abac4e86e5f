import t from 'tap';
import {
  type DecidedMode,
  mtlsAtPort,
  mtlsOfNamespace,
  mtlsOfWorkload,
  rivalOf,
  scopeOf,
} from '../../../../src/resources/compile/peer-authentication.ts';
import { decode, indexOf, type Manifest, peerAuthentication } from '../world.ts';

const ROOT = { namespace: 'istio-system' };
const PAY = { selector: { matchLabels: { app: 'pay' } } };

function policy(name: string, mode: string | null, metadata: Manifest = {}, more: Manifest = {}): Manifest {
  return peerAuthentication(name, { ...(mode === null ? {} : { mtls: { mode } }), ...more }, metadata);
}

/** What is said of `app=pay` in the namespace shop at port 8080, and by whom. */
const TABLE: readonly [title: string, policies: Manifest[], mode: DecidedMode, policy: string][] = [
  ['nothing said', [], 'PERMISSIVE', ''],
  ['the mesh', [policy('m', 'STRICT', ROOT)], 'STRICT', 'istio-system/m'],
  ['the namespace before the mesh', [policy('m', 'STRICT', ROOT), policy('n', 'DISABLE')], 'DISABLE', 'shop/n'],
  [
    'the workload before both',
    [policy('m', 'STRICT', ROOT), policy('n', 'DISABLE'), policy('w', 'PERMISSIVE', {}, PAY)],
    'PERMISSIVE',
    'shop/w',
  ],
  ['another namespace', [policy('n', 'STRICT', { namespace: 'lab' })], 'PERMISSIVE', ''],
  ['another workload', [policy('w', 'STRICT', {}, { selector: { matchLabels: { app: 'cart' } } })], 'PERMISSIVE', ''],
  [
    'a label too many',
    [policy('w', 'STRICT', {}, { selector: { matchLabels: { app: 'pay', v: '2' } } })],
    'PERMISSIVE',
    '',
  ],
  [
    'UNSET inherits',
    [policy('m', 'STRICT', ROOT), policy('n', 'UNSET'), policy('w', 'UNSET', {}, PAY)],
    'STRICT',
    'istio-system/m',
  ],
  ['no mtls at all inherits', [policy('n', 'STRICT'), policy('w', null, {}, PAY)], 'STRICT', 'shop/n'],
  ['UNSET everywhere', [policy('m', 'UNSET', ROOT), policy('n', 'UNSET')], 'PERMISSIVE', ''],
  ['the older of two', [policy('n2', 'STRICT'), policy('n1', 'DISABLE')], 'STRICT', 'shop/n2'],
  ['the older even when it says nothing', [policy('n2', 'UNSET'), policy('n1', 'DISABLE')], 'PERMISSIVE', ''],
  ['a selector in the root namespace', [policy('m', 'STRICT', ROOT, PAY)], 'PERMISSIVE', ''],
  ['an empty selector is none', [policy('n', 'STRICT', {}, { selector: { matchLabels: {} } })], 'STRICT', 'shop/n'],
  [
    'the port before the workload',
    [policy('w', 'STRICT', {}, { ...PAY, portLevelMtls: { 8080: { mode: 'DISABLE' } } })],
    'DISABLE',
    'shop/w',
  ],
  [
    'another port',
    [policy('w', 'STRICT', {}, { ...PAY, portLevelMtls: { 81: { mode: 'DISABLE' } } })],
    'STRICT',
    'shop/w',
  ],
  [
    'a port UNSET inherits from the workload',
    [policy('n', 'STRICT'), policy('w', 'DISABLE', {}, { ...PAY, portLevelMtls: { 8080: {} } })],
    'DISABLE',
    'shop/w',
  ],
  [
    'a port UNSET inherits past the workload',
    [policy('n', 'STRICT'), policy('w', 'UNSET', {}, { ...PAY, portLevelMtls: { 8080: {} } })],
    'STRICT',
    'shop/n',
  ],
  [
    'ports of the younger policy do not count',
    [
      policy('a', 'STRICT', {}, PAY),
      policy('b', 'STRICT', {}, { ...PAY, portLevelMtls: { 8080: { mode: 'DISABLE' } } }),
    ],
    'STRICT',
    'shop/a',
  ],
];

for (const [title, policies, mode, decidedBy] of TABLE) {
  t.test(`PeerAuthentication: ${title}`, async (t) => {
    const workload = mtlsOfWorkload(indexOf(...policies), 'shop', { app: 'pay', v: '1' });
    t.same(mtlsAtPort(workload, 8080), mtlsAtPort(workload, 8080));
    const { mode: found, policy: by } = mtlsAtPort(workload, 8080);
    t.same({ found, by }, { found: mode, by: decidedBy });
  });
}

t.test('workloads that no policy selects have what the namespace says', async (t) => {
  const index = indexOf(policy('m', 'STRICT', ROOT), policy('w', 'DISABLE', {}, PAY));
  t.same(mtlsOfNamespace(index, 'shop'), { mode: 'STRICT', policy: 'istio-system/m' });
  t.same(mtlsOfNamespace(index, 'istio-system'), { mode: 'STRICT', policy: 'istio-system/m' });
});

t.test('scopes, and who counts instead', async (t) => {
  const first = policy('a', 'STRICT', {}, PAY);
  const index = indexOf(first, policy('b', 'DISABLE', {}, PAY), policy('c', 'STRICT'));
  const of = (manifest: Manifest) => {
    const resource = decode(manifest);
    if (resource.kind !== 'PeerAuthentication') throw new Error('not this kind');
    return resource;
  };
  t.equal(rivalOf(index, of(first)), null);
  t.equal(rivalOf(index, of(policy('b', 'DISABLE', {}, PAY)))?.metadata.name, 'a');
  t.equal(rivalOf(index, of(policy('c', 'STRICT'))), null);
  const scopes = [policy('m', 'STRICT', ROOT), policy('m', 'STRICT', ROOT, PAY), policy('n', 'STRICT'), first];
  t.same(
    scopes.map((manifest) => scopeOf(of(manifest))),
    ['mesh', 'ignored', 'namespace', 'workload'],
  );
});
