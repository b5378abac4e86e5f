/** Tags of what goes wrong in TLS, one for each rule: the `reason` label of a counter. Pure. */
import type { IssuerReason, SvidReason } from './mesh/svid-rules.ts';
import { FIRST_ALERT } from './tls-words.ts';

/** Why no handshake begins with an identity of this host. */
export type OwnIdentityReason = 'own-identity-missing' | 'own-identity-expired' | 'own-identity-not-yet-valid';

export type ChainReason =
  | 'expired'
  | 'not-yet-valid'
  | 'self-signed'
  | 'unknown-authority'
  | 'chain-too-long'
  | 'bad-signature'
  | 'name-constraints'
  | 'issuer-not-ca'
  | 'purpose'
  | 'other-name'
  | 'certificate';

export type HandshakeReason =
  /** The peer showed none where one is required. */
  | 'no-certificate'
  | 'alpn'
  | 'tls-version'
  | 'cipher'
  | 'not-tls'
  | 'server-name'
  /** A record was damaged on its way. */
  | 'damaged'
  /** The stream ended without close_notify. */
  | 'truncated'
  /** The peer closed the connection before the handshake was done. */
  | 'closed'
  /** An errno of the connection below. */
  | 'transport'
  /** An alert of the peer about our certificate, and any other. */
  | 'certificate-refused-by-peer'
  | 'alert-of-peer'
  | 'no-memory'
  | 'protocol';

export type TlsReason = SvidReason | IssuerReason | OwnIdentityReason | ChainReason | HandshakeReason;

/** Why a connection cannot be secured, and under which tag that is counted. */
export interface TlsProblem {
  readonly reason: TlsReason;
  /** One clause without a full stop. */
  readonly sentence: string;
}

/** X509_V_ERR_* (openssl/x509_vfy.h). */
const CHAIN_REASONS: ReadonlyMap<number, ChainReason> = new Map<number, ChainReason>([
  [7, 'bad-signature'],
  [9, 'not-yet-valid'],
  [10, 'expired'],
  [18, 'self-signed'],
  [19, 'unknown-authority'],
  [20, 'unknown-authority'],
  [21, 'unknown-authority'],
  [22, 'chain-too-long'],
  [25, 'chain-too-long'],
  [26, 'purpose'],
  [32, 'issuer-not-ca'],
  [47, 'name-constraints'],
  [48, 'name-constraints'],
  [62, 'other-name'],
  [64, 'other-name'],
  [79, 'issuer-not-ca'],
]);

/** @param code result of a verification (X509_V_ERR_*) */
export function reasonOfVerification(code: number): ChainReason {
  return CHAIN_REASONS.get(code) ?? 'certificate';
}

/** Reasons of the SSL library (openssl/sslerr.h). */
const SSL_REASONS: ReadonlyMap<number, HandshakeReason> = new Map<number, HandshakeReason>([
  [155, 'not-tls'],
  [156, 'not-tls'],
  [193, 'cipher'],
  [199, 'no-certificate'],
  [235, 'alpn'],
  [258, 'tls-version'],
  [267, 'not-tls'],
  [281, 'damaged'],
  [294, 'truncated'],
]);
/** Alerts that speak of a certificate (RFC 8446 6.2). */
const CERTIFICATE_ALERTS: ReadonlySet<number> = new Set([42, 43, 44, 45, 46, 48, 49, 116]);

/** @param reason of the SSL library; -1 = of another one */
export function reasonOfLibrary(reason: number): HandshakeReason {
  if (reason >= FIRST_ALERT) {
    return CERTIFICATE_ALERTS.has(reason - FIRST_ALERT) ? 'certificate-refused-by-peer' : 'alert-of-peer';
  }
  return SSL_REASONS.get(reason) ?? 'protocol';
}
