import type { Bus, Unsubscriber } from '../../contract/bus-types.ts';
import type { LimitRuleView } from '../../contract/limit-views.ts';
import type { Subjects } from '../../contract/subjects.ts';
import { compileLimits } from '../../resources/index.ts';
import { decodeStored } from '../stored-form.ts';

/** Policies that are kept in memory; the oldest is read again. */
const MAX_KEPT = 2_000;
/** A message that tells of a change may be lost: kept policies are read again after this time. */
const KEEP_MS = 5_000;

interface Kept {
  /** By id. */
  readonly rules: ReadonlyMap<string, LimitRuleView>;
  readonly readAt: number;
}

const NOTHING: ReadonlyMap<string, LimitRuleView> = new Map();

/**
 * Global limits as the store has them, whoever leads: what an agent says of a limit is not believed. A change of a policy is heard
 * at once.
 */
export class PolicyLimits {
  readonly #bus: Bus;
  readonly #subjects: Subjects;
  readonly #kept = new Map<string, Promise<Kept>>();
  #heard: Unsubscriber | null = null;

  constructor(bus: Bus, subjects: Subjects) {
    this.#bus = bus;
    this.#subjects = subjects;
  }

  start(): void {
    const prefix = this.#subjects.republished('config', 'BackendTrafficPolicy.');
    this.#heard = this.#bus.subscribe(`${prefix}>`, ({ subject }) => {
      this.#kept.delete(`BackendTrafficPolicy.${subject.slice(prefix.length)}`);
    });
  }

  stop(): void {
    this.#heard?.unsubscribe();
  }

  /**
   * The rule with that id, or null when there is none. Rejects with BusError.
   * @param known what the agent has in force; another one than is kept here is a reason to look again
   */
  async find(
    id: string,
    known: { readonly requests: number; readonly windowMs: number },
  ): Promise<LimitRuleView | null> {
    const key = policyKeyOf(id);
    if (key === null) return null;
    const kept = this.#kept.get(key);
    if (kept !== undefined) {
      const { rules, readAt } = await kept;
      const rule = rules.get(id);
      const agrees = rule !== undefined && limitsOf(rule).some((limit) => isSame(limit, known));
      if (agrees && performance.now() - readAt < KEEP_MS) return rule;
    }
    const read = this.#read(key);
    this.#keep(key, read);
    return (await read).rules.get(id) ?? null;
  }

  #keep(key: string, read: Promise<Kept>): void {
    this.#kept.delete(key);
    this.#kept.set(key, read);
    read.catch(() => this.#kept.delete(key));
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MAX_KEPT) break;
      this.#kept.delete(oldest);
    }
  }

  async #read(key: string): Promise<Kept> {
    const readAt = performance.now();
    const entry = await this.#bus.bucket(this.#subjects.bucket('config')).get(key);
    if (entry === null || entry.deleted) return { rules: NOTHING, readAt };
    const decoded = decodeStored(key, entry.data);
    if (!decoded.ok || decoded.value.resource.kind !== 'BackendTrafficPolicy') return { rules: NOTHING, readAt };
    const { metadata, spec } = decoded.value.resource;
    const policy = `${metadata.namespace}/${metadata.name}`;
    const rules = spec.targetRefs.flatMap(({ name }) =>
      compileLimits(spec.rateLimit, { policy, service: `${metadata.namespace}/${name}`, hosts: 1 }),
    );
    const global = rules.filter(({ scope }) => scope === 'global');
    return { rules: new Map(global.map((rule) => [rule.id, rule])), readAt };
  }
}

/** The key of the policy that a rule of that id (LimitRuleView) is in; null when it is not an id of a global rule. */
export function policyKeyOf(id: string): string | null {
  const found = /^([a-z0-9-]{1,63})\/([a-z0-9.-]{1,253})\/global\/[0-9]{1,2}@/.exec(id);
  return found === null ? null : `BackendTrafficPolicy.${found[1]}.${found[2]}`;
}

function limitsOf({ limit, overrides = [] }: LimitRuleView) {
  return [limit, ...overrides.map((one) => one.limit)];
}

function isSame(
  a: { readonly requests: number; readonly windowMs: number },
  b: { readonly requests: number; readonly windowMs: number },
): boolean {
  return a.requests === b.requests && a.windowMs === b.windowMs;
}
