/** What this host holds and trusts, and what of it is due when. Pure: time and randomness are arguments; `identity-keeper.ts` acts on it. */
import type { Trust, TrustReply, TrustRequest } from '../../contract/certificate-messages.ts';
import type { WorkloadIdentity } from '../../contract/identity.ts';
import { formatSpiffeId } from '../../contract/spiffe-id.ts';
import type { HeldIdentity } from './identity-files.ts';
import { renewAtMs } from './renewal.ts';
import type { WantedIdentity } from './wanted-identities.ts';

export interface Kept extends HeldIdentity {
  readonly renewAtMs: number;
}

const MAX_SENTENCE = 1024;

export class IdentityTable {
  readonly #wanted: readonly WantedIdentity[];
  readonly #held = new Map<string, Kept>();
  #trust: Trust | null = null;
  /** When certificates under another root than the wanted one are renewed. */
  #reissueAtMs = 0;
  /** All are renewed, whatever their age. */
  renewAll = false;

  constructor(wanted: readonly WantedIdentity[]) {
    this.#wanted = wanted;
  }

  get wanted(): readonly WantedIdentity[] {
    return this.#wanted;
  }

  get trust(): Trust | null {
    return this.#trust;
  }

  held(wanted: WantedIdentity): Kept | null {
    return this.#held.get(nameOf(wanted)) ?? null;
  }

  all(): Kept[] {
    return [...this.#held.values()];
  }

  /** What an earlier run left; identities that are not wanted any more are forgotten. */
  restore(trust: Trust | null, identities: readonly HeldIdentity[], random: () => number): void {
    this.#trust = trust;
    const names = new Set(this.#wanted.map(nameOf));
    for (const held of identities) if (names.has(nameOf(held))) this.keep(held, random());
  }

  keep(held: HeldIdentity, random: number): void {
    this.#held.set(nameOf(held), { ...held, renewAtMs: renewAtMs(held, random) });
  }

  /** `older`: control went back, which is not followed. `reissueInMs`: certificates under other roots are renewed then. */
  takeTrust({ trust }: Pick<TrustReply, 'trust'>, nowMs: number, reissueInMs: number): 'older' | 'same' | 'newer' {
    const version = this.#trust?.version ?? -1;
    if (trust.version === version) return 'same';
    if (trust.version < version) return 'older';
    this.#trust = trust;
    this.#reissueAtMs = nowMs + reissueInMs;
    return 'newer';
  }

  /** Wall-clock ms at which a certificate is to be asked for; 0: now. */
  dueAtMs(wanted: WantedIdentity): number {
    const held = this.held(wanted);
    const trust = this.#trust;
    if (trust === null || this.renewAll || held === null) return 0;
    if (held.spiffeId !== formatSpiffeId({ trustDomain: trust.trustDomain, ...wanted })) return 0;
    return held.root === trust.issuer ? held.renewAtMs : Math.min(held.renewAtMs, this.#reissueAtMs);
  }

  /** Those that may be shown now, in the order in which they are wanted. */
  good(nowMs: number): Kept[] {
    return this.#wanted.flatMap((wanted) => {
      const held = this.held(wanted);
      return held !== null && this.isGood(held, nowMs) ? [held] : [];
    });
  }

  isGood({ spiffeId, notBeforeMs, notAfterMs }: HeldIdentity, nowMs: number): boolean {
    const isOurs = this.#trust !== null && spiffeId.startsWith(`spiffe://${this.#trust.trustDomain}/`);
    return isOurs && nowMs >= notBeforeMs && nowMs < notAfterMs;
  }

  /** For control. @param problem why an identity is missing */
  report(nowMs: number, problem: string | null): TrustRequest {
    const certificates = this.good(nowMs).map(({ spiffeId, root, notAfterMs }) => ({ spiffeId, root, notAfterMs }));
    return { version: this.#trust?.version ?? 0, certificates, problem: problem?.slice(0, MAX_SENTENCE) ?? null };
  }

  /** ms from now until something is due or ends, at most `longestMs`. */
  nextEventMs(nowMs: number, longestMs: number): number {
    const due = this.#trust === null ? [] : this.#wanted.map((wanted) => this.dueAtMs(wanted) - nowMs);
    return Math.min(longestMs, ...due, this.nextEndMs(nowMs) ?? longestMs);
  }

  /** ms of life left of the certificate that ends first; null: there is none. */
  nextEndMs(nowMs: number): number | null {
    const ends = this.good(nowMs).map(({ notAfterMs }) => notAfterMs - nowMs);
    return ends.length === 0 ? null : Math.min(...ends);
  }
}

/** What the data threads need of an identity. */
export function toWorkloadIdentity({ spiffeId, chain, key, notBeforeMs, notAfterMs }: HeldIdentity): WorkloadIdentity {
  return { spiffeId, chain, key, notBeforeMs, notAfterMs };
}

function nameOf({ namespace, account }: WantedIdentity): string {
  return `${namespace}/${account}`;
}
