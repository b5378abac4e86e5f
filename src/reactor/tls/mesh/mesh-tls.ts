import { SlabExhausted } from '../../slab.ts';
import { TlsSettingsError } from '../load-pem.ts';
import type { TlsLibrary } from '../tls-library.ts';
import type { TlsProblem } from '../tls-reasons.ts';
import { quote } from '../tls-words.ts';
import { MeshCallbacks } from './mesh-callbacks.ts';
import { digestOf, type IdentityMaterial, MeshIdentity } from './mesh-identity.ts';
import type { MeshClientTarget } from './mesh-protocols.ts';
import type { MeshTarget } from './mesh-target.ts';
import { isTrustDomain, parseSpiffeId } from './spiffe-id.ts';

/** As IdentitySet of src/contract/identity.ts. */
export interface MeshMaterial {
  readonly trustDomain: string;
  readonly roots: string;
  readonly identities: readonly IdentityMaterial[];
}

/** An identity with which handshakes begin. */
export interface Usable {
  readonly identity: MeshIdentity;
  readonly trustDomain: string;
}

const NO_IDENTITY: TlsProblem = {
  reason: 'own-identity-missing',
  sentence: 'this host has no certificate of the mesh; see towpath cert show',
};

/** The identities of this host, and what is made with them for connections between agents. */
export class MeshTls {
  readonly #library: TlsLibrary;
  #callbacks: MeshCallbacks | null = null;
  #trustDomain = '';
  #identities: ReadonlyMap<string, MeshIdentity> = new Map();
  #first: MeshIdentity | null = null;

  constructor(library: TlsLibrary) {
    this.#library = library;
  }

  /** SPIFFE IDs in force, the host's first one first. */
  get identityIds(): readonly string[] {
    return [...this.#identities.keys()];
  }

  get trustDomain(): string {
    return this.#trustDomain;
  }

  /**
   * Puts other certificates in force for new handshakes; connections go on with theirs. Identities that are unchanged stay, with
   * their sessions. All or nothing: what peers would refuse is not put in force.
   * @returns null, or why the earlier ones stay, one sentence
   */
  replace({ trustDomain, roots, identities }: MeshMaterial): string | null {
    const next = new Map<string, MeshIdentity>();
    try {
      if (!isTrustDomain(trustDomain)) throw new TlsSettingsError(`${quote(trustDomain)} is no trust domain`);
      for (const material of identities) {
        if (next.has(material.spiffeId)) continue;
        next.set(material.spiffeId, this.#make(trustDomain, roots, material));
      }
    } catch (error) {
      this.#closeOthers(next, this.#identities);
      if (error instanceof SlabExhausted) return this.#refusal('no buffer is left to read them');
      if (error instanceof TlsSettingsError) return this.#refusal(error.message);
      throw error;
    }
    this.#closeOthers(this.#identities, next);
    this.#trustDomain = trustDomain;
    this.#identities = next;
    this.#first = next.values().next().value ?? null;
    return null;
  }

  /** For Engine.startClient, with the certificates of now: ask again for each connection. A problem: do not dial. */
  clientTarget(target: MeshClientTarget): MeshTarget | TlsProblem {
    const found = this.find(target.identity);
    if (!('identity' in found)) return found;
    return found.identity.problemAt(this.#library.wallClock()) ?? found.identity.targetFor(target);
  }

  /** The identity, whatever its dates. @param spiffeId null = the host's first */
  find(spiffeId: string | null): Usable | TlsProblem {
    const identity = spiffeId === null ? this.#first : this.#identities.get(spiffeId);
    if (identity !== null && identity !== undefined) return { identity, trustDomain: this.#trustDomain };
    if (spiffeId === null || this.#first === null) return NO_IDENTITY;
    return {
      reason: 'own-identity-missing',
      sentence: `this host has no certificate for ${spiffeId}; see towpath cert show`,
    };
  }

  close(): void {
    this.#closeOthers(this.#identities, new Map());
    this.#identities = new Map();
    this.#first = null;
  }

  #make(trustDomain: string, roots: string, material: IdentityMaterial): MeshIdentity {
    const parsed = parseSpiffeId(material.spiffeId);
    if (!parsed.ok || parsed.value.path === '' || parsed.value.trustDomain !== trustDomain) {
      throw new TlsSettingsError(`${quote(material.spiffeId)} is no identity of the trust domain ${trustDomain}`);
    }
    const known = this.#identities.get(material.spiffeId);
    if (known?.digest === digestOf(trustDomain, roots, material)) return known;
    this.#callbacks ??= new MeshCallbacks(this.#library);
    return new MeshIdentity(this.#library, this.#callbacks, trustDomain, roots, material);
  }

  #closeOthers(some: ReadonlyMap<string, MeshIdentity>, kept: ReadonlyMap<string, MeshIdentity>): void {
    for (const [id, identity] of some) if (kept.get(id) !== identity) identity.close();
  }

  #refusal(why: string): string {
    const stay = this.#first === null ? 'none is in force' : 'the earlier ones stay in force';
    return `the new certificates of this host are not used: ${why}; ${stay}`;
  }
}
