import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type IdentityFile, loadIdentities, saveIdentities } from '../../../../src/agent/identity/identity-files.ts';
import { fingerprintOf } from '../../../../src/control/ca/certificate.ts';
import { makeRoot, makeSvid } from '../../../helpers/make-svid.ts';

async function example(): Promise<IdentityFile> {
  const root = await makeRoot();
  const fingerprint = fingerprintOf(root.root);
  const { spiffeId, key, chain, notBeforeMs, notAfterMs } = await makeSvid(root, 'spiffe://example.org/ns/shop/sa/web');
  const trust = {
    trustDomain: 'example.org',
    version: 3,
    roots: [{ fingerprint, certificate: root.root }],
    issuer: fingerprint,
  };
  const held = { namespace: 'shop', account: 'web', spiffeId, key, chain, root: fingerprint, notBeforeMs, notAfterMs };
  return { mesh: 'default', trust, identities: [held] };
}

t.test('what was saved is read again, and nobody else may read it', async (t) => {
  const dir = t.testdir();
  const content = await example();
  await saveIdentities(dir, content);
  const warnings: string[] = [];
  t.same(await loadIdentities(dir, 'default', (one) => warnings.push(one)), content);
  t.equal(statSync(join(dir, 'identity')).mode & 0o777, 0o600);
  writeFileSync(join(dir, 'identity.new'), 'left by a crash', { mode: 0o644 });
  await saveIdentities(dir, content);
  t.equal(statSync(join(dir, 'identity')).mode & 0o777, 0o600, 'also over the rest of a crash');
  t.same(warnings, []);
});

t.test(
  'an identity whose key does not belong to its certificate is told of in one sentence, and the others are used',
  async (t) => {
    const dir = t.testdir();
    const content = await example();
    const [good] = content.identities;
    if (good === undefined) throw new Error('no identity');
    const root = await makeRoot();
    const { chain, key } = await makeSvid(root, 'spiffe://example.org/ns/shop/sa/api');
    const other = { ...good, account: 'api', spiffeId: 'spiffe://example.org/ns/shop/sa/api', chain };
    const damages = [
      [{ ...other, key: good.key }, 'its private key does not belong to its certificate'],
      [{ ...other, key: 'no key' }, 'its certificate or its private key is damaged'],
      [{ ...other, key, chain: 'no certificate' }, 'its certificate or its private key is damaged'],
    ] as const;
    for (const [bad, problem] of damages) {
      const warnings: string[] = [];
      await saveIdentities(dir, { ...content, identities: [bad, good] });
      const loaded = await loadIdentities(dir, 'default', (one) => warnings.push(one));
      t.same(loaded, content);
      t.same(warnings, [`the identity ${other.spiffeId} of ${join(dir, 'identity')} is not used: ${problem}`]);
    }
  },
);

t.test('a file that cannot be used is told of and passed over', async (t) => {
  const dir = t.testdir();
  const file = join(dir, 'identity');
  const warnings: string[] = [];
  const load = (mesh: string) => loadIdentities(dir, mesh, (one) => warnings.push(one));
  t.equal(await load('default'), null);
  t.same(warnings, [], 'a first start is no reason to warn');
  await saveIdentities(dir, await example());
  t.equal(await load('other'), null);
  t.match(warnings.pop(), /of the mesh default/);
  writeFileSync(file, readFileSync(file).subarray(0, 200));
  t.equal(await load('default'), null);
  t.match(warnings.pop(), /not used: it is not JSON/);
});
