/** Probes every local workload at its period and tells when the health of one changes. */
import { isDeepStrictEqual } from 'node:util';
import type { ProbeConfig } from '../../config/agent-config.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { decideHealth, FIRST_HEALTH, type HealthState } from './decide-health.ts';
import type { GroupProbeTable } from './group-probe.ts';
import { probeOnce } from './probe-once.ts';
import type { ProbeDial } from './probe-socket.ts';

export interface ProbedWorkload {
  /** `<namespace>/<name>`. */
  readonly key: string;
  readonly address: string;
  readonly probe: ProbeConfig | null;
  /** `<namespace>/<name>` of the WorkloadGroup, whose probe is used where there is no own one. */
  readonly group?: string | undefined;
}

/** One probe that is repeated until it is replaced. */
interface Run {
  readonly probe: ProbeConfig;
  timer: NodeJS.Timeout | null;
}

export class ProbeRunner {
  readonly #workloads: readonly ProbedWorkload[];
  readonly #dial: ProbeDial;
  readonly #onChange: () => void;
  readonly #logger: Logger;
  readonly #states = new Map<string, HealthState>();
  readonly #runs = new Map<string, Run>();
  #groups: GroupProbeTable = new Map();
  #started = false;
  #stopped = false;

  /** @param onChange called when `isHealthy` has changed for one of the workloads. */
  constructor(workloads: readonly ProbedWorkload[], dial: ProbeDial, onChange: () => void, logger: Logger) {
    this.#workloads = workloads;
    this.#dial = dial;
    this.#onChange = onChange;
    this.#logger = logger;
  }

  start(): void {
    this.#started = true;
    for (const workload of this.#workloads) this.#follow(workload);
  }

  /** The probes of the groups, for workloads without an own one. A workload keeps its health until the new probe says otherwise. */
  setGroups(probes: GroupProbeTable): void {
    const before = this.#workloads.map((workload) => this.isHealthy(workload));
    const known = this.#workloads.map((workload) => this.#probeOf(workload) === null);
    this.#groups = probes;
    for (const [i, workload] of this.#workloads.entries()) {
      // It was in service without a probe: out only when the probe fails as often as it takes.
      if (known[i] === true && this.#probeOf(workload) !== null)
        this.#states.set(workload.key, { healthy: true, against: 0 });
      if (this.#started) this.#follow(workload);
    }
    if (this.#started && this.#workloads.some((workload, i) => this.isHealthy(workload) !== before[i]))
      this.#onChange();
  }

  stop(): void {
    this.#stopped = true;
    for (const { timer } of this.#runs.values()) if (timer !== null) clearTimeout(timer);
  }

  /** True for a workload without a probe; false while it is not known whether its group has one. */
  isHealthy(workload: ProbedWorkload): boolean {
    const probe = this.#probeOf(workload);
    if (probe === undefined) return false;
    return probe === null || (this.#states.get(workload.key) ?? FIRST_HEALTH).healthy;
  }

  /** null: none; undefined: not known yet. */
  #probeOf({ probe, group }: ProbedWorkload): ProbeConfig | null | undefined {
    return probe !== null || group === undefined ? probe : this.#groups.get(group);
  }

  /** Begins the workload's probe, unless it is under way already; ends the one before. */
  #follow(workload: ProbedWorkload): void {
    const probe = this.#probeOf(workload) ?? null;
    const running = this.#runs.get(workload.key);
    if (this.#stopped || isDeepStrictEqual(running?.probe ?? null, probe)) return;
    if (running !== undefined && running.timer !== null) clearTimeout(running.timer);
    this.#runs.delete(workload.key);
    if (probe === null) return;
    const run: Run = { probe, timer: null };
    this.#runs.set(workload.key, run);
    run.timer = setTimeout(() => void this.#runForever(workload, run), probe.initialDelaySeconds * 1000);
  }

  async #runForever(workload: ProbedWorkload, run: Run): Promise<void> {
    const { probe } = run;
    const outcome = await probeOnce(probe, workload.address, this.#dial);
    if (this.#stopped || this.#runs.get(workload.key) !== run) return;
    const before = this.#states.get(workload.key) ?? FIRST_HEALTH;
    const after = decideHealth(before, outcome.passed, probe);
    this.#states.set(workload.key, after);
    if (after.healthy !== before.healthy) {
      const fields = { workload: workload.key, healthy: after.healthy, probe: outcome.detail };
      this.#logger.warn(fields, after.healthy ? 'workload passes its probe' : 'workload fails its probe');
      this.#onChange();
    }
    run.timer = setTimeout(() => void this.#runForever(workload, run), probe.periodSeconds * 1000);
  }
}
