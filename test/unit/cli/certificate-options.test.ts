import t from 'tap';
import { certificateSettings } from '../../../src/cli/certificate-options.ts';

const MESH = { mesh: 'default', credentialsFile: null };

t.test('what stands when nothing is said', async (t) => {
  const settings = certificateSettings({ 'ca-dir': '/x/ca' }, MESH, {});
  t.same(settings, {
    trustDomain: 'towpath.internal',
    lifetimeMs: 86_400_000,
    source: { type: 'own', directory: '/x/ca' },
    grants: 'open',
  });
  const other = certificateSettings({}, { mesh: 'blue', credentialsFile: '/c' }, { TOWPATH_CERT_LIFETIME: '60s' });
  t.match(other, { trustDomain: 'blue.towpath.internal', lifetimeMs: 60_000, grants: 'required' });
  t.equal(certificateSettings({ ca: 'off' }, MESH, {}), null);
  t.match(certificateSettings({}, MESH, { TOWPATH_CA_DIRECTORY: '/y' }), { source: { directory: '/y' } });
});

t.test('an authority from files', async (t) => {
  const files = { 'ca-cert': '/c.pem', 'ca-key': '/k.pem', 'ca-roots': '/r.pem' };
  const source = { type: 'files', certificate: '/c.pem', key: '/k.pem', roots: '/r.pem' };
  t.same(certificateSettings(files, MESH, {})?.source, source);
  t.throws(() => certificateSettings({ 'ca-cert': '/c.pem' }, MESH, {}), /go together/);
});

t.test('wrong words', async (t) => {
  const cases: readonly (readonly [Parameters<typeof certificateSettings>[0], RegExp])[] = [
    [{ ca: 'maybe' }, /--ca must be on or off/],
    [{ 'trust-domain': 'UPPER' }, /--trust-domain must be lower-case/],
    [{ 'trust-domain': 'a/b' }, /--trust-domain/],
    [{ 'cert-lifetime': '1s' }, /between 10s and 90d/],
    [{ 'cert-lifetime': '1y' }, /--cert-lifetime must be like/],
    [{ 'cert-grants': 'all' }, /open or required/],
  ];
  for (const [values, expected] of cases) t.throws(() => certificateSettings(values, MESH, {}), expected);
});
