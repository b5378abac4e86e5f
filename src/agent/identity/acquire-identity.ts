/** One new certificate: a key made here, a request, control's answer, and a look at it before it counts. */
import { generateKeyPairSync } from 'node:crypto';
import type { SignReply, SignRequest, Trust } from '../../contract/certificate-messages.ts';
import { formatSpiffeId } from '../../contract/spiffe-id.ts';
import { certificateRequest } from './certificate-request.ts';
import { checkSvid } from './check-svid.ts';
import type { HeldIdentity } from './identity-files.ts';
import type { WantedIdentity } from './wanted-identities.ts';

export interface AcquiredIdentity {
  readonly held: HeldIdentity;
  readonly trust: Trust;
}

/** Rejects with one sentence: control refuses, or what it sent cannot be used. The key never leaves this process but for the disk. */
export async function acquireIdentity(
  client: { sign(request: SignRequest): Promise<SignReply> },
  { namespace, account }: WantedIdentity,
  { trustDomain }: Trust,
  nowMs: () => number,
): Promise<AcquiredIdentity> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spiffeId = formatSpiffeId({ trustDomain, namespace, account });
  const request = certificateRequest(privateKey, spiffeId);
  const { chain, trust } = await client.sign({ namespace, account, request });
  const checked = checkSvid(chain, privateKey, spiffeId, trust.roots, nowMs());
  if (!checked.ok) throw new Error(`the certificate that control sent for ${spiffeId} is of no use: ${checked.error}`);
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { held: { namespace, account, spiffeId, key, chain, ...checked.value }, trust };
}
