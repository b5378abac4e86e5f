import { X509Certificate } from 'node:crypto';
import t from 'tap';
import { isIssuedBy, pemBlocks } from '../../../src/core/certificates.ts';
import { makeIntermediate, makeRoot, makeSvid } from '../../helpers/make-svid.ts';

const root = await makeRoot();
const namesake = await makeRoot();
const between = await makeIntermediate(root);
const svid = await makeSvid(between, 'spiffe://example.org/ns/shop/sa/web');
const [leaf = '', above = ''] = pemBlocks(svid.chain);

t.test('a chain falls into its certificates, whatever stands between them', async (t) => {
  t.equal(pemBlocks(svid.chain).length, 2);
  t.same(pemBlocks(`# ours\n${leaf}\n\nof the mesh:\n${above}`), [leaf, above]);
  t.same(pemBlocks(''), []);
  t.same(pemBlocks('-----BEGIN CERTIFICATE-----\nAAAA'), []);
});

t.test('issued by: name and signature both', async (t) => {
  const [web, intermediate] = [new X509Certificate(leaf), new X509Certificate(above)];
  const [own, other] = [root, namesake].map(({ certificate }) => new X509Certificate(certificate));
  if (own === undefined || other === undefined) throw new Error('no root');
  t.equal(isIssuedBy(web, intermediate), true);
  t.equal(isIssuedBy(intermediate, own), true);
  t.equal(isIssuedBy(web, own), false);
  t.equal(isIssuedBy(intermediate, other), false, 'the same name with another key');
});
