/** Plain words for what goes wrong in TLS. Pure: numbers and texts in, one clause without a full stop out. */

/** Longest text of a peer (names in its certificate) that goes into a sentence. */
const MAX_QUOTED = 200;

/** What the peer's certificate says, for a sentence about it. */
export interface CertificateFacts {
  /** Distinguished name, one line. */
  readonly subject: string;
  readonly issuer: string;
  /** Subject alternative names, such as `DNS:a.example, DNS:b.example`; '' = none. */
  readonly names: string;
  readonly validFrom: string;
  readonly validTo: string;
}

/** X509_V_ERR_* of openssl/x509_vfy.h. */
const NOT_YET_VALID = 9;
const EXPIRED = 10;
const SELF_SIGNED = 18;
const SELF_SIGNED_IN_CHAIN = 19;
const NO_ISSUER = 20;
const NO_ISSUER_OF_LEAF = 21;
const INVALID_PURPOSE = 26;
export const HOST_MISMATCH = 62;
const ADDRESS_MISMATCH = 64;

/**
 * Why the peer's certificate was refused.
 * @param code result of the verification (X509_V_ERR_*)
 * @param fallback OpenSSL's own words for it
 * @param expected the names that were asked for
 */
export function describeRefusal(
  code: number,
  fallback: string,
  facts: CertificateFacts | null,
  expected: readonly string[],
): string {
  const whose = facts === null ? 'the certificate of the peer' : `the certificate of ${quote(facts.subject)}`;
  switch (code) {
    case EXPIRED:
      return `${whose}, or one above it, has expired${facts === null ? '' : ` (its own end: ${facts.validTo})`}`;
    case NOT_YET_VALID:
      return `${whose}, or one above it, is not valid yet${facts === null ? '' : ` (its own begin: ${facts.validFrom})`}`;
    case SELF_SIGNED:
      return `${whose} is self-signed and not among the trusted ones`;
    case SELF_SIGNED_IN_CHAIN:
    case NO_ISSUER:
    case NO_ISSUER_OF_LEAF:
      return `${whose} was issued by an authority that is not trusted${facts === null ? '' : ` (${quote(facts.issuer)})`}`;
    case INVALID_PURPOSE:
      return `${whose} was not issued for this use`;
    case HOST_MISMATCH:
    case ADDRESS_MISMATCH:
      return `${whose} is for ${facts === null || facts.names === '' ? 'no name' : quote(facts.names)}, not for ${expected.join(' or ')}`;
    default:
      return `${whose} was refused: ${fallback}`;
  }
}

/** Reasons of OpenSSL's SSL library (openssl/sslerr.h). Those from 1000 on are alerts of the peer (RFC 8446 6). */
export const REASON_VERIFY_FAILED = 134;
export const REASON_UNEXPECTED_EOF = 294;

const REASONS: Readonly<Record<number, string>> = {
  155: 'the peer does not speak TLS: it sent an HTTP CONNECT',
  156: 'the peer does not speak TLS: it sent a plain HTTP request',
  193: 'the peer offered no cipher that is allowed here',
  199: 'the peer sent no certificate, which is required here',
  235: 'the peer offered no application protocol that is spoken here (ALPN)',
  258: 'the peer speaks only TLS versions that are not allowed here',
  267: 'the peer does not speak TLS',
  281: 'a record of the peer was damaged on its way',
  [REASON_UNEXPECTED_EOF]:
    'the peer closed the connection without the close_notify of TLS: what it sent may be cut short',
};

/** Alert descriptions (RFC 8446 6.2, RFC 7301 3.2), as a peer gives them as its reason. */
const ALERTS: Readonly<Record<number, string>> = {
  10: 'unexpected message',
  20: 'bad record',
  22: 'record too long',
  40: 'no common parameters (handshake failure)',
  42: 'our certificate is bad',
  43: 'our certificate is of an unsupported kind',
  44: 'our certificate is revoked',
  45: 'our certificate has expired',
  46: 'our certificate is unacceptable',
  47: 'illegal parameter',
  48: 'the authority of our certificate is unknown to it',
  49: 'access denied',
  50: 'our message could not be decoded',
  51: 'a signature is wrong',
  70: 'no common TLS version',
  71: 'too little security',
  80: 'an internal error of its own',
  86: 'a downgrade was noticed',
  90: 'it gave up',
  109: 'an extension is missing',
  112: 'it does not know the server name',
  115: 'the pre-shared key is unknown',
  116: 'it requires a certificate of ours',
  120: 'no common application protocol (ALPN)',
};
export const FIRST_ALERT = 1000;

/**
 * What a reason of the SSL library means.
 * @param fallback OpenSSL's own words for it
 */
export function describeReason(reason: number, fallback: string): string {
  if (reason >= FIRST_ALERT && reason < FIRST_ALERT + 256) {
    return `the peer ended TLS: ${ALERTS[reason - FIRST_ALERT] ?? fallback}`;
  }
  return REASONS[reason] ?? `TLS failed: ${fallback}`;
}

/** Text of a peer made fit for a log line: printable ASCII on one line, of bounded length. */
export function quote(text: string): string {
  const line = text.replace(/\s*\n\s*/g, ', ').replace(/[^\x20-\x7e]/g, '?');
  return line.length <= MAX_QUOTED ? line : `${line.slice(0, MAX_QUOTED)}...`;
}
