/** Looks at a certificate before it is put in force: it must be for our key and our identity, good now, and below a root that is trusted. */
import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { Trust } from '../../contract/certificate-messages.ts';
import { isIssuedBy, pemBlocks } from '../../core/certificates.ts';
import { err, ok, type Result } from '../../core/result.ts';

/** More certificates in a chain are not looked at. */
const LONGEST_CHAIN = 8;

export interface CheckedSvid {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Fingerprint of the root above it. */
  readonly root: string;
}

/** @param nowMs wall clock; a certificate of the future is as useless as one of the past */
export function checkSvid(
  chain: string,
  key: KeyObject,
  spiffeId: string,
  roots: Trust['roots'],
  nowMs: number,
): Result<CheckedSvid, string> {
  try {
    const [leaf, ...above] = pemBlocks(chain)
      .slice(0, LONGEST_CHAIN)
      .map((pem) => new X509Certificate(pem));
    if (leaf === undefined) return err('there is no certificate in it');
    if (leaf.subjectAltName !== `URI:${spiffeId}`) return err(`it is for ${leaf.subjectAltName}, not for ${spiffeId}`);
    if (!leaf.publicKey.equals(createPublicKey(key))) return err('it is for another key');
    const [notBeforeMs, notAfterMs] = [Date.parse(leaf.validFrom), Date.parse(leaf.validTo)];
    if (nowMs < notBeforeMs) return err(`it begins at ${iso(notBeforeMs)}: is the clock of this host right?`);
    if (nowMs >= notAfterMs) return err(`it ended at ${iso(notAfterMs)}: is the clock of this host right?`);
    const root = rootAbove(leaf, above, roots);
    return root === null ? err('no trusted root stands above it') : ok({ notBeforeMs, notAfterMs, root });
  } catch (error) {
    return err(`it cannot be read: ${(error as Error).message}`);
  }
}

function rootAbove(leaf: X509Certificate, above: readonly X509Certificate[], roots: Trust['roots']): string | null {
  const trusted = roots.map(({ fingerprint, certificate }) => ({ fingerprint, of: new X509Certificate(certificate) }));
  let at = leaf;
  for (let steps = 0; steps <= above.length; steps++) {
    const root = trusted.find(({ of }) => isIssuedBy(at, of));
    if (root !== undefined) return root.fingerprint;
    const next = above.find((one) => one !== at && isIssuedBy(at, one));
    if (next === undefined) return null;
    at = next;
  }
  return null;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
