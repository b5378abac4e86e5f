import t from 'tap';
import { contentOf } from '../../../../src/resources/index.ts';
import { problemsOf, refuses } from '../refuses.ts';
import { configMap, decode } from '../world.ts';

t.test('ConfigMap: texts by name, beside the metadata', async (t) => {
  const decoded = decode(configMap('authority', { 'ca.crt': 'x' }));
  t.same(contentOf(decoded), { data: { 'ca.crt': 'x' } });
  t.same(decode(JSON.parse(JSON.stringify(decoded))), decoded, 'what was decoded is a manifest again');
  t.same(problemsOf({ ...configMap('authority', {}), immutable: true }), []);
});

t.test('ConfigMap: what is refused', async (t) => {
  refuses(t, configMap('a', { 'ca crt': 'x' }), 'data["ca crt"]', /letters, digits/);
  refuses(t, configMap('a', { x: 1 }), 'data.x', /./);
  refuses(t, configMap('a', { x: 'x'.repeat(256 * 1024) }), 'data', /256 KiB/);
  const key = '-----BEGIN EC PRIVATE KEY-----\nMHc\n-----END EC PRIVATE KEY-----\n';
  refuses(t, configMap('a', { 'tls.key': key }), 'data["tls.key"]', /private keys/);
  refuses(t, { ...configMap('a', {}), binaryData: {} }, 'binaryData', /not supported/);
  refuses(t, { ...configMap('a', {}), spec: {} }, 'spec', /unknown field/);
});
