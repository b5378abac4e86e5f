import { chmodSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import {
  prepareDirectory,
  readFileAuthority,
  readRootIssuer,
  readTrustFile,
  removeRootKey,
  writeRootKey,
  writeTrustFile,
} from '../../../../src/control/ca/ca-files.ts';
import { makeRootIssuer } from '../../../../src/control/ca/issuer.ts';
import { makeIntermediate, makeRoot, makeSvid, type TestAuthority } from '../../../helpers/make-svid.ts';

t.test('the key of a root lies in a file of its own that nobody else may read', async (t) => {
  const dir = join(t.testdir(), 'deep', 'ca');
  await prepareDirectory(dir);
  t.equal(statSync(dir).mode & 0o777, 0o700);
  const issuer = await makeRootIssuer('example.org', Date.now());
  await writeRootKey(dir, issuer);
  const [name = ''] = readdirSync(dir);
  t.equal(name, `${issuer.root}.key`);
  t.equal(statSync(join(dir, name)).mode & 0o777, 0o600);
  const read = await readRootIssuer(dir, issuer.certificate);
  t.ok(read?.key.equals(issuer.key));
  chmodSync(join(dir, name), 0o640);
  await t.rejects(readRootIssuer(dir, issuer.certificate), /others may read it; do: chmod 600/);
  await removeRootKey(dir, issuer.root);
  t.equal(await readRootIssuer(dir, issuer.certificate), null);
});

t.test('what is trusted is remembered', async (t) => {
  const dir = t.testdir();
  t.equal(await readTrustFile(dir), null);
  const { root, certificate } = await makeRootIssuer('example.org', Date.now());
  const roots = [{ fingerprint: root, certificate }];
  const record = { trustDomain: 'example.org', version: 4, roots, issuer: root, rotation: null };
  await writeTrustFile(dir, record);
  t.same(await readTrustFile(dir), record);
});

t.test('a directory that cannot be used', async (t) => {
  const dir = t.testdir({ file: 'x' });
  await t.rejects(
    prepareDirectory(join(dir, 'file', 'ca')),
    /directory of the certificate authority .* cannot be used/,
  );
});

t.test('an authority from files', async (t) => {
  const root = await makeRoot();
  const [between, other] = [await makeIntermediate(root), await makeRoot()];
  const dir = t.testdir();
  const write = (name: string, text: string): string => {
    writeFileSync(join(dir, name), text, { mode: 0o600 });
    return join(dir, name);
  };
  const keyOf = ({ privateKey }: TestAuthority) => privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const source = (certificate: string, key: string, roots: string) => ({
    type: 'files' as const,
    certificate: write('ca.pem', certificate),
    key: write('ca.key', key),
    roots: write('roots.pem', roots),
  });
  const both = other.certificate + root.certificate;
  const good = await readFileAuthority(source(between.certificate, keyOf(between), both));
  t.equal(good.roots.length, 2);
  t.equal(good.issuer.above, between.certificate, 'the intermediate goes with each leaf');
  const itself = await readFileAuthority(source(root.certificate, keyOf(root), root.certificate));
  t.equal(itself.issuer.above, '', 'a root does not');

  const leaf = await makeSvid(root, 'spiffe://example.org/ns/a/sa/b');
  const cases: readonly (readonly [string, string, string, string, RegExp])[] = [
    ['a leaf', leaf.certificate, leaf.key, both, /ca\.pem.*no CA certificate/],
    ['the key of another', between.certificate, keyOf(root), both, /ca\.key.*not the key of the certificate/],
    ['no root above', between.certificate, keyOf(between), other.certificate, /no root of .*roots\.pem stands above/],
    ['no certificate', 'hello', keyOf(between), both, /no certificate in it/],
    ['no key', between.certificate, 'hello', both, /ca\.key/],
  ];
  for (const [name, certificate, key, roots, expected] of cases) {
    await t.rejects(readFileAuthority(source(certificate, key, roots)), expected, name);
  }
  await t.rejects(
    readFileAuthority({ ...source(between.certificate, keyOf(between), both), key: join(dir, 'none') }),
    /ENOENT/,
  );
});
