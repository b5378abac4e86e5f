/** Active checks of the endpoints in views that this agent holds, made by the main thread; data threads are told the results. */
import type { ActiveCheckView } from '../../contract/cluster-views.ts';
import type { IdentitySet } from '../../contract/identity.ts';
import { type ClusterKey, type ServiceKey, type ServiceView, serviceKey } from '../../contract/views.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { ToDataThreadBody } from '../thread-state.ts';
import type { Certificates, CheckedAddress } from './check-dial.ts';
import { decideHealth, type HealthState } from './decide-health.ts';
import type { ProbeOutcome } from './probe-outcome.ts';

/** Checks under way at once; the others wait their turn. */
const MAX_AT_ONCE = 32;
/** The first check of an endpoint comes within this time, or the interval. */
const FIRST_WITHIN_MS = 500;
/** Intervals differ by up to this part, so that agents do not check in step. */
const JITTER = 0.1;
/** Beyond 2^31 ms a timer of Node fires at once. */
const MAX_INTERVAL_MS = 3_600_000;

interface Target {
  readonly cluster: ClusterKey;
  readonly at: CheckedAddress;
  /** `ip:port`, as data threads name it. */
  readonly address: string;
  readonly check: ActiveCheckView;
  /** Those whose views list it. */
  readonly services: Set<ServiceKey>;
  /** Passing again must bring it back from an ejection, of which only the data threads know. */
  readonly tellsEach: boolean;
  /** null before the first result. */
  health: HealthState | null;
  timer: NodeJS.Timeout | null;
  isGone: boolean;
}

interface Threads {
  post(message: ToDataThreadBody): Promise<void>;
}

export interface CheckParts {
  readonly check: (view: ActiveCheckView, at: CheckedAddress, certificates: Certificates) => Promise<ProbeOutcome>;
  readonly tell: (message: ToDataThreadBody) => Promise<void>;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly logger: Logger;
}

export class EndpointChecks {
  readonly #parts: CheckParts;
  /** By cluster and address. */
  readonly #targets = new Map<string, Target>();
  readonly #waiting: Target[] = [];
  #underWay = 0;
  #identity: IdentitySet | null = null;

  constructor(parts: CheckParts) {
    this.#parts = parts;
  }

  /** Where views pass on their way to the data threads: first there, then here. */
  behind(threads: Threads): Threads {
    return {
      post: async (message) => {
        await threads.post(message);
        this.hear(message);
      },
    };
  }

  /** A message that the data threads have in force now. */
  hear(message: ToDataThreadBody): void {
    if (message.type === 'service') this.#setService(message.service);
    else if (message.type === 'service-removed') this.#leaveOut(message.key, new Set());
    else if (message.type === 'identity') this.#identity = message.identity;
  }

  stop(): void {
    for (const target of this.#targets.values()) end(target);
    this.#targets.clear();
  }

  #setService(view: ServiceView): void {
    const service = serviceKey(view.namespace, view.name);
    const wanted = new Set<string>();
    for (const [cluster, { activeCheck, endpoints, outlier, tls }] of Object.entries(view.clusters)) {
      if (activeCheck === undefined) continue;
      for (const { ip, port, identity } of endpoints) {
        const target = makeTarget(cluster, { ip, port, identity, tls }, activeCheck, outlier !== undefined);
        const key = keyOf(target);
        wanted.add(key);
        this.#want(key, target).services.add(service);
      }
    }
    this.#leaveOut(service, wanted);
  }

  /** The newest view of a cluster says how it is checked. */
  #want(key: string, target: Target): Target {
    const known = this.#targets.get(key);
    if (known !== undefined && sameCheck(known, target)) return known;
    if (known !== undefined) {
      end(known);
      for (const service of known.services) target.services.add(service);
    }
    this.#targets.set(key, target);
    this.#schedule(target, Math.min(target.check.intervalMs, FIRST_WITHIN_MS) * this.#parts.random());
    return target;
  }

  /** What no view lists any more is checked no more. */
  #leaveOut(service: ServiceKey, wanted: ReadonlySet<string>): void {
    for (const [key, target] of this.#targets) {
      if (wanted.has(key) || !target.services.delete(service) || target.services.size > 0) continue;
      end(target);
      this.#targets.delete(key);
      this.#tell(target, null);
    }
  }

  #schedule(target: Target, ms: number): void {
    target.timer = setTimeout(() => {
      target.timer = null;
      this.#waiting.push(target);
      this.#begin();
    }, ms);
  }

  #begin(): void {
    while (this.#underWay < MAX_AT_ONCE) {
      const target = this.#waiting.shift();
      if (target === undefined) return;
      if (!target.isGone) void this.#check(target);
    }
  }

  async #check(target: Target): Promise<void> {
    this.#underWay++;
    const outcome = await this.#parts.check(target.check, target.at, () => this.#identity);
    this.#underWay--;
    if (!target.isGone) {
      this.#note(target, outcome);
      const intervalMs = Math.min(target.check.intervalMs, MAX_INTERVAL_MS);
      this.#schedule(target, intervalMs * (1 + JITTER * (2 * this.#parts.random() - 1)));
    }
    this.#begin();
  }

  #note(target: Target, { passed, detail }: ProbeOutcome): void {
    const { healthyThreshold, unhealthyThreshold } = target.check;
    const before = target.health;
    const thresholds = { successThreshold: healthyThreshold, failureThreshold: unhealthyThreshold };
    // The first result counts at once.
    const after = before === null ? { healthy: passed, against: 0 } : decideHealth(before, passed, thresholds);
    target.health = after;
    const hasChanged = after.healthy !== before?.healthy;
    if (hasChanged && (before !== null || !after.healthy)) {
      const { cluster, address } = target;
      const fields = { cluster, endpoint: address, healthy: after.healthy, check: detail };
      this.#parts.logger.info(fields, after.healthy ? 'endpoint passes its checks' : 'endpoint fails its checks');
    }
    if (hasChanged || (passed && after.healthy && target.tellsEach)) this.#tell(target, after.healthy);
  }

  #tell({ cluster, address }: Target, passes: boolean | null): void {
    this.#parts.tell({ type: 'endpoint-health', cluster, address, passes }).catch((error: Error) => {
      this.#parts.logger.error({ reason: error.message }, 'the result of a check did not reach a data thread');
    });
  }
}

function makeTarget(cluster: ClusterKey, at: CheckedAddress, check: ActiveCheckView, tellsEach: boolean): Target {
  const address = at.ip.includes(':') ? `[${at.ip}]:${at.port}` : `${at.ip}:${at.port}`;
  return { cluster, at, address, check, services: new Set(), tellsEach, health: null, timer: null, isGone: false };
}

function sameCheck(a: Target, b: Target): boolean {
  return (
    a.tellsEach === b.tellsEach &&
    a.at.identity === b.at.identity &&
    JSON.stringify(a.at.tls) === JSON.stringify(b.at.tls) &&
    JSON.stringify(a.check) === JSON.stringify(b.check)
  );
}

function keyOf({ cluster, address }: Target): string {
  return `${cluster} ${address}`;
}

function end(target: Target): void {
  target.isGone = true;
  if (target.timer !== null) clearTimeout(target.timer);
}
