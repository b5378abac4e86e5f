/** One identity of this host, ready for handshakes. */
import { createHash, X509Certificate } from 'node:crypto';
import { isIssuedBy } from '../../../core/certificates.ts';
import { TlsSettingsError } from '../load-pem.ts';
import type { TlsIdentity } from '../tls-context.ts';
import type { TlsLibrary } from '../tls-library.ts';
import type { OwnIdentityReason, TlsProblem } from '../tls-reasons.ts';
import { readUris } from '../tls-target.ts';
import { quote } from '../tls-words.ts';
import type { MeshCallbacks } from './mesh-callbacks.ts';
import { MeshClientContext, MeshServerContext } from './mesh-contexts.ts';
import type { MeshClientTarget } from './mesh-protocols.ts';
import { MeshTarget } from './mesh-target.ts';
import { principalOf } from './spiffe-id.ts';

/** As WorkloadIdentity of src/contract/identity.ts. */
export interface IdentityMaterial {
  readonly spiffeId: string;
  readonly chain: string;
  readonly key: string;
}

/** Its contexts, and what is made with them. */
export class MeshIdentity {
  readonly spiffeId: string;
  readonly principal: string;
  /** Wall clock. */
  readonly notAfterMs: number;
  /** Tells whether anything has changed. */
  readonly digest: string;
  readonly server: MeshServerContext;
  readonly client: MeshClientContext;
  readonly #subject: string;
  readonly #trustDomain: string;
  readonly #notBefore: Date;
  readonly #notAfter: Date;
  readonly #targets = new WeakMap<MeshClientTarget, MeshTarget>();

  /**
   * @param roots PEM
   * @throws TlsSettingsError when peers would refuse it, in one clause
   */
  constructor(
    library: TlsLibrary,
    callbacks: MeshCallbacks,
    trustDomain: string,
    roots: string,
    material: IdentityMaterial,
  ) {
    const { spiffeId, chain, key } = material;
    const leaf = checkChain(spiffeId, chain, roots);
    const authorities = Buffer.from(roots);
    const identity: TlsIdentity = { certificates: Buffer.from(chain), key: Buffer.from(key) };
    this.spiffeId = spiffeId;
    this.principal = principalOf(spiffeId);
    this.digest = digestOf(trustDomain, roots, material);
    this.#trustDomain = trustDomain;
    this.#subject = leaf.subject ?? '';
    this.#notBefore = leaf.validFromDate;
    this.#notAfter = leaf.validToDate;
    this.notAfterMs = leaf.validToDate.getTime();
    try {
      this.server = new MeshServerContext(library, callbacks, identity, authorities);
      try {
        this.client = new MeshClientContext(library, callbacks, identity, authorities);
      } catch (error) {
        this.server.close();
        throw error;
      }
    } finally {
      identity.key.fill(0);
    }
  }

  /** Made once for each target. */
  targetFor(target: MeshClientTarget): MeshTarget {
    let made = this.#targets.get(target);
    if (made === undefined) {
      made = new MeshTarget(this.client, this.#trustDomain, this, target);
      this.#targets.set(target, made);
    }
    return made;
  }

  /** Why no handshake may begin with it now; null = it may. @param nowMs wall clock */
  problemAt(nowMs: number): TlsProblem | null {
    if (nowMs >= this.notAfterMs) return this.#problem('own-identity-expired', 'expired at', this.#notAfter);
    if (nowMs < this.#notBefore.getTime()) {
      return this.#problem('own-identity-not-yet-valid', 'is not valid before', this.#notBefore);
    }
    return null;
  }

  /** Nobody begins with it any more; connections made with it go on, and OpenSSL frees what they share with the last of them. */
  close(): void {
    this.server.close();
    this.client.close();
  }

  #problem(reason: OwnIdentityReason, what: string, when: Date): TlsProblem {
    const subject = this.#subject === '' ? 'without a subject' : `subject ${quote(this.#subject)}`;
    const name = `the certificate of this host for ${this.spiffeId} (${subject})`;
    return { reason, sentence: `${name} ${what} ${when.toISOString()}; see towpath cert show` };
  }
}

/** Differs where a handshake would. */
export function digestOf(trustDomain: string, roots: string, { spiffeId, chain, key }: IdentityMaterial): string {
  return createHash('sha256')
    .update(JSON.stringify([trustDomain, roots, spiffeId, chain, key]))
    .digest('base64');
}

/** The leaf of a chain that ends in one of the roots, whatever its dates. @throws TlsSettingsError */
function checkChain(spiffeId: string, chain: string, roots: string): X509Certificate {
  const [leaf, ...between] = parse(chain, 'the certificates');
  const uris = readUris(leaf.subjectAltName ?? '');
  if (uris.length !== 1 || uris[0] !== spiffeId) {
    throw new TlsSettingsError(`the certificate for ${spiffeId} is for ${quote(uris.join(' and ')) || 'no SPIFFE ID'}`);
  }
  const trusted = parse(roots, 'the roots');
  let below = leaf;
  for (const above of [...between, null]) {
    if (trusted.some((root) => isIssuedBy(below, root))) return leaf;
    if (above === null || !isIssuedBy(below, above)) break;
    below = above;
  }
  throw new TlsSettingsError(`the certificate for ${spiffeId} was not issued by one of the roots of the mesh`);
}

function parse(pem: string, what: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new TlsSettingsError(`${what} hold no certificate in PEM form`);
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch {
      throw new TlsSettingsError(`certificate ${index + 1} of ${what} is damaged`);
    }
  });
}
