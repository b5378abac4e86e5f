/** Gauges of the process itself: CPU, memory, descriptors, event loop delay. */
import { readdirSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { type Sample, sample } from './metric.ts';

/** Resolution of the event loop sampling; the histogram counts the waits between its own timers. */
const RESOLUTION_MS = 10;
const NANOSECONDS = 1e9;
const QUANTILES = [0.5, 0.99, 1] as const;

export class ProcessMetrics {
  readonly #delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  readonly #version: string;

  constructor(version: string) {
    this.#version = version;
    this.#delay.enable();
  }

  /** Values of this moment; the event loop quantiles cover the time since the last call. */
  collect(): Sample[] {
    const cpu = process.cpuUsage();
    const samples = [
      sample('towpath_build_info', 1, { version: this.#version, node: process.versions.node }),
      sample('towpath_start_time_seconds', Math.round(Date.now() / 1000 - process.uptime())),
      sample('towpath_process_cpu_seconds_total', (cpu.user + cpu.system) / 1e6),
      sample('towpath_process_resident_memory_bytes', process.memoryUsage.rss()),
      sample('towpath_process_open_fds', countDescriptors()),
      ...QUANTILES.map((q) => sample('towpath_event_loop_delay_seconds', this.#quantile(q), { quantile: String(q) })),
    ];
    this.#delay.reset();
    return samples;
  }

  stop(): void {
    this.#delay.disable();
  }

  /** The histogram measures whole intervals: one resolution of it is the timer itself. */
  #quantile(q: number): number {
    if (this.#delay.count === 0) return 0;
    const nanoseconds = q === 1 ? this.#delay.max : this.#delay.percentile(q * 100);
    return Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION_MS / 1000);
  }
}

function countDescriptors(): number {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return 0;
  }
}
