/** Whether the peer of a connection of the mesh is who it must be: its chain, by OpenSSL, and the rules for SPIFFE identities. */
import {
  X509_V_ERR_CERT_HAS_EXPIRED,
  X509_V_ERR_CERT_REJECTED,
  X509_V_ERR_HOSTNAME_MISMATCH,
  X509_V_ERR_INVALID_PURPOSE,
} from '../../libssl.ts';
import { copyText } from '../../syscalls.ts';
import { readCertificate } from '../peer-certificates.ts';
import { readFacts } from '../tls-errors.ts';
import type { TlsLibrary } from '../tls-library.ts';
import { reasonOfVerification, type TlsReason } from '../tls-reasons.ts';
import { describeRefusal } from '../tls-words.ts';
import { readSvidFields, secondsLeft } from './svid-fields.ts';
import { judgeIssuer, judgeSvid, type SvidReason, type SvidRule } from './svid-rules.ts';
import { describeIssuer, describeSvid } from './svid-words.ts';

export type PeerProof =
  | {
      readonly ok: true;
      readonly principal: string;
      /** Until the first certificate of its chain ends. */
      readonly secondsLeft: number;
    }
  | {
      readonly ok: false;
      /** X509_V_ERR_*: decides which alert the peer gets. */
      readonly code: number;
      readonly reason: TlsReason;
      readonly sentence: string;
    };

/** Inside the handshake: verifies what the peer has just shown. @param store X509_STORE_CTX * */
export function provePeer(library: TlsLibrary, store: bigint, rule: SvidRule): PeerProof {
  const { lib } = library;
  const leaf = lib.X509_STORE_CTX_get0_cert(store);
  if (lib.X509_verify_cert(store) !== 1) {
    const code = lib.X509_STORE_CTX_get_error(store);
    const bad = lib.X509_STORE_CTX_get_current_cert(store);
    // OpenSSL knows one reason for what are several rules here.
    if (code === X509_V_ERR_INVALID_PURPOSE && (bad === leaf || bad === 0n)) {
      const proof = proveLeaf(library, leaf, rule, 0);
      if (!proof.ok) return proof;
    }
    return refuseChain(library, bad === 0n ? leaf : bad, code);
  }
  const chain = lib.X509_STORE_CTX_get0_chain(store);
  const count = lib.OPENSSL_sk_num(chain);
  let left = Number.POSITIVE_INFINITY;
  for (let i = 0; i < count; i++) {
    const x509 = lib.OPENSSL_sk_value(chain, i);
    left = Math.min(left, secondsLeft(library, x509));
    // The last one is the root, which is trusted because the mesh says so.
    if (i === 0 || i === count - 1) continue;
    const fields = readSvidFields(library, x509);
    const reason = judgeIssuer(fields, rule.trustDomain);
    if (reason === null) continue;
    const sentence = describeIssuer(reason, subjectOf(library, x509), fields, rule.trustDomain);
    return { ok: false, code: X509_V_ERR_CERT_REJECTED, reason, sentence };
  }
  return proveLeaf(library, leaf, rule, left);
}

/** For a resumed session: its chain was verified when it began, and ends with it (`secondsLeft`). */
export function proveAgain(library: TlsLibrary, leaf: bigint, rule: SvidRule): PeerProof {
  const left = secondsLeft(library, leaf);
  return left > 0 ? proveLeaf(library, leaf, rule, left) : refuseChain(library, leaf, X509_V_ERR_CERT_HAS_EXPIRED);
}

function proveLeaf(library: TlsLibrary, leaf: bigint, rule: SvidRule, left: number): PeerProof {
  const fields = readSvidFields(library, leaf);
  const judgement = judgeSvid(fields, rule);
  if (judgement.ok) return { ok: true, principal: judgement.principal, secondsLeft: left };
  const { reason } = judgement;
  const sentence = describeSvid(reason, subjectOf(library, leaf), fields, rule);
  return { ok: false, code: codeOf(reason), reason, sentence };
}

function refuseChain(library: TlsLibrary, x509: bigint, code: number): PeerProof {
  const fallback = copyText(library.lib.X509_verify_cert_error_string(BigInt(code)));
  const facts = readFacts(readCertificate(library, x509) ?? undefined);
  // The SPIFFE ID says more than the distinguished name.
  const subject = readSvidFields(library, x509).uris.join(' and ') || (facts?.subject ?? '');
  const sentence = describeRefusal(code, fallback, facts && { ...facts, subject }, []);
  return { ok: false, code, reason: reasonOfVerification(code), sentence };
}

/** unsupported_certificate for what it is for, bad_certificate for whose it is (RFC 8446 6.2). */
function codeOf(reason: SvidReason): number {
  switch (reason) {
    case 'svid-is-ca':
    case 'svid-key-usage-missing':
    case 'svid-key-usage-not-critical':
    case 'svid-digital-signature-missing':
    case 'svid-cert-sign':
    case 'svid-crl-sign':
    case 'svid-extended-key-usage':
      return X509_V_ERR_INVALID_PURPOSE;
    case 'svid-unexpected-id':
      return X509_V_ERR_HOSTNAME_MISMATCH;
    case 'svid-malformed':
    case 'svid-uri-missing':
    case 'svid-uri-several':
    case 'svid-scheme':
    case 'svid-id-malformed':
    case 'svid-root-path':
    case 'svid-trust-domain':
      return X509_V_ERR_CERT_REJECTED;
  }
}

function subjectOf(library: TlsLibrary, x509: bigint): string {
  return readFacts(readCertificate(library, x509) ?? undefined)?.subject ?? '';
}
