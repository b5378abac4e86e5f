/** Probes every local workload at its period and tells when the health of one changes. */
import type { ProbeConfig } from '../../config/agent-config.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { decideHealth, FIRST_HEALTH, type HealthState } from './decide-health.ts';
import { probeOnce } from './probe-once.ts';
import type { ProbeDial } from './probe-socket.ts';

export interface ProbedWorkload {
  /** `<namespace>/<name>`. */
  readonly key: string;
  readonly address: string;
  readonly probe: ProbeConfig | null;
}

export class ProbeRunner {
  readonly #workloads: readonly ProbedWorkload[];
  readonly #dial: ProbeDial;
  readonly #onChange: () => void;
  readonly #logger: Logger;
  readonly #states = new Map<string, HealthState>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #stopped = false;

  /** @param onChange called when `isHealthy` has changed for one of the workloads. */
  constructor(workloads: readonly ProbedWorkload[], dial: ProbeDial, onChange: () => void, logger: Logger) {
    this.#workloads = workloads;
    this.#dial = dial;
    this.#onChange = onChange;
    this.#logger = logger;
  }

  start(): void {
    for (const workload of this.#workloads) {
      const { key, probe } = workload;
      if (probe === null) continue;
      const begin = setTimeout(() => void this.#runForever(workload, probe), probe.initialDelaySeconds * 1000);
      this.#timers.set(key, begin);
    }
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  /** True for a workload without a probe. */
  isHealthy(workload: ProbedWorkload): boolean {
    return workload.probe === null || (this.#states.get(workload.key) ?? FIRST_HEALTH).healthy;
  }

  async #runForever(workload: ProbedWorkload, probe: ProbeConfig): Promise<void> {
    const outcome = await probeOnce(probe, workload.address, this.#dial);
    if (this.#stopped) return;
    const before = this.#states.get(workload.key) ?? FIRST_HEALTH;
    const after = decideHealth(before, outcome.passed, probe);
    this.#states.set(workload.key, after);
    if (after.healthy !== before.healthy) {
      const fields = { workload: workload.key, healthy: after.healthy, probe: outcome.detail };
      this.#logger.warn(fields, after.healthy ? 'workload passes its probe' : 'workload fails its probe');
      this.#onChange();
    }
    const again = setTimeout(() => void this.#runForever(workload, probe), probe.periodSeconds * 1000);
    this.#timers.set(workload.key, again);
  }
}
