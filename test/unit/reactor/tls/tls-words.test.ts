import t from 'tap';
import {
  type CertificateFacts,
  describeReason,
  describeRefusal,
  quote,
} from '../../../../src/reactor/tls/tls-words.ts';

const facts: CertificateFacts = {
  subject: 'O=Shop\nCN=orders',
  issuer: 'CN=Authority',
  names: 'DNS:orders.example',
  validFrom: 'Jan  1 00:00:00 2020 GMT',
  validTo: 'Jan  1 00:00:00 2021 GMT',
};

t.test('refusals of certificates', async (t) => {
  const of = (code: number, given: CertificateFacts | null): string =>
    describeRefusal(code, 'openssl says', given, ['a', 'b']);
  t.equal(
    of(10, facts),
    'the certificate of O=Shop, CN=orders, or one above it, has expired (its own end: Jan  1 00:00:00 2021 GMT)',
  );
  t.equal(of(10, null), 'the certificate of the peer, or one above it, has expired');
  t.equal(of(9, null), 'the certificate of the peer, or one above it, is not valid yet');
  t.equal(of(62, facts), 'the certificate of O=Shop, CN=orders is for DNS:orders.example, not for a or b');
  t.equal(of(62, null), 'the certificate of the peer is for no name, not for a or b');
  t.equal(of(26, facts), 'the certificate of O=Shop, CN=orders was not issued for this use');
  t.equal(of(79, facts), 'the certificate of O=Shop, CN=orders was refused: openssl says');
});

t.test('reasons of OpenSSL and alerts of the peer', async (t) => {
  t.equal(describeReason(267, 'x'), 'the peer does not speak TLS');
  t.equal(describeReason(1048, 'x'), 'the peer ended TLS: the authority of our certificate is unknown to it');
  t.equal(describeReason(1007, 'odd alert'), 'the peer ended TLS: odd alert');
  t.equal(describeReason(999_999, 'odd reason'), 'TLS failed: odd reason');
});

t.test('what a peer has written cannot break a line, nor fill it', async (t) => {
  t.equal(quote('a\nb\u001b[31m\u00e9'), 'a, b?[31m?');
  t.equal(quote('x'.repeat(5_000)).length, 203);
});
