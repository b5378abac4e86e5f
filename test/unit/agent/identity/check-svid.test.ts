import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import t from 'tap';
import { checkSvid } from '../../../../src/agent/identity/check-svid.ts';
import { fingerprintOf } from '../../../../src/control/ca/certificate.ts';
import {
  HOUR_MS,
  makeIntermediate,
  makeRoot,
  makeSvid,
  SVID_DEFECTS,
  type TestAuthority,
} from '../../../helpers/make-svid.ts';

const ID = 'spiffe://example.org/ns/shop/sa/web';

function trusted(...roots: readonly TestAuthority[]) {
  return roots.map(({ root }) => ({ fingerprint: fingerprintOf(root), certificate: root }));
}

t.test('what may be put in force', async (t) => {
  const [root, other] = [await makeRoot(), await makeRoot()];
  const between = await makeIntermediate(root);
  for (const issuer of [root, between]) {
    const svid = await makeSvid(issuer, ID);
    const checked = checkSvid(svid.chain, createPrivateKey(svid.key), ID, trusted(other, root), Date.now());
    t.ok(checked.ok);
    if (checked.ok) t.equal(checked.value.root, fingerprintOf(root.root), 'the root that stands above it');
  }
});

t.test('what may not, and why', async (t) => {
  const [root, other] = [await makeRoot(), await makeRoot()];
  const between = await makeIntermediate(root);
  const good = await makeSvid(root, ID);
  const key = createPrivateKey(good.key);
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const roots = trusted(root);
  const now = Date.now();
  const [expired, early] = [
    await makeSvid(root, ID, SVID_DEFECTS.expired),
    await makeSvid(root, ID, SVID_DEFECTS.notYetValid),
  ];
  const below = await makeSvid(between, ID);
  const twice = await makeSvid(root, ID, SVID_DEFECTS.twoUris);
  const cases: readonly (readonly [string, string, string, RegExp])[] = [
    ['nothing', '', good.key, /no certificate/],
    ['two names', twice.chain, twice.key, /not for spiffe/],
    ['ended', expired.chain, expired.key, /ended at 20.*clock/],
    ['of the future', early.chain, early.key, /begins at 20.*clock/],
    ['intermediate missing', below.certificate, below.key, /no trusted root/],
  ];
  for (const [name, chain, pem, expected] of cases) {
    const checked = checkSvid(chain, createPrivateKey(pem), ID, roots, now);
    t.match(checked.ok ? 'accepted' : checked.error, expected, name);
  }
  const wrongKey = checkSvid(good.chain, stranger, ID, roots, now);
  t.match(wrongKey.ok ? '' : wrongKey.error, /another key/);
  const wrongRoot = checkSvid(good.chain, key, ID, trusted(other), now);
  t.match(wrongRoot.ok ? '' : wrongRoot.error, /no trusted root/, 'a root of the same name with another key');
  const later = checkSvid(good.chain, key, ID, roots, now + 25 * HOUR_MS);
  t.match(later.ok ? '' : later.error, /ended/);
});
