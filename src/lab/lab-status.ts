/** `lab status`: what of a lab is there and alive. */

import { findProcess } from './change-program.ts';
import { type LabPhase, type LabState, readLabState } from './lab-files.ts';
import type { HostPlan, ProgramPlan } from './lab-plan.ts';
import { isAlive } from './process-table.ts';
import type { ServiceName } from './render-hosts-file.ts';
import { isListening } from './start-program.ts';

export interface LabStatus {
  readonly name: string;
  readonly phase: LabPhase;
  readonly mesh: string;
  readonly hosts: readonly HostStatus[];
  readonly services: readonly ServiceName[];
}

export interface HostStatus {
  readonly name: string;
  readonly namespace: string;
  readonly ipv4: string | null;
  readonly ipv6: string | null;
  readonly programs: readonly ProgramStatus[];
}

export interface ProgramStatus {
  readonly name: string;
  readonly state: 'ready' | 'running' | 'ended' | 'not started';
  readonly pid: number | null;
  readonly port: number | null;
  readonly log: string;
}

/** null when there is no lab of this name. */
export async function labStatus(name: string): Promise<LabStatus | null> {
  const state = await readLabState(name);
  if (state === null) return null;
  const { plan, phase, services } = state;
  return { name, phase, mesh: plan.mesh, hosts: plan.hosts.map((host) => hostStatus(state, host)), services };
}

function hostStatus(state: LabState, host: HostPlan): HostStatus {
  return {
    name: host.name,
    namespace: host.namespace,
    ipv4: host.ipv4?.address ?? null,
    ipv6: host.ipv6?.address ?? null,
    programs: host.programs.map((program) => programStatus(state, host, program)),
  };
}

function programStatus(state: LabState, host: HostPlan, program: ProgramPlan): ProgramStatus {
  const base = { name: program.name, port: program.readyPort, log: program.log };
  const process = findProcess(state, host.name, program.name);
  if (process === null) return { ...base, state: 'not started', pid: null };
  if (!isAlive(process)) return { ...base, state: 'ended', pid: null };
  const ready = program.readyPort === null || isListening(process.pid, program.readyPort);
  return { ...base, state: ready ? 'ready' : 'running', pid: process.pid };
}

/** True when the lab is up and all its programs are ready. */
export function isHealthy(status: LabStatus): boolean {
  return (
    status.phase === 'up' && status.hosts.every((host) => host.programs.every((program) => program.state === 'ready'))
  );
}

/** The status as a table for people. */
export function formatStatus(status: LabStatus): string {
  const lines = [`lab ${status.name}: ${status.phase}, mesh ${status.mesh}`];
  for (const host of status.hosts) {
    lines.push('', `${host.name.padEnd(16)} ${[host.ipv4, host.ipv6].filter((ip) => ip !== null).join('  ')}`);
    for (const { name, state, pid, port, log } of host.programs) {
      const where = port === null ? '' : `port ${port}`;
      lines.push(
        `  ${name.padEnd(14)} ${state.padEnd(11)} ${`pid ${pid ?? '-'}`.padEnd(11)} ${where.padEnd(10)} ${log}`,
      );
    }
  }
  if (status.services.length > 0) lines.push('', 'services, as the hosts resolve them');
  for (const { name, namespace, virtualIps } of status.services) {
    lines.push(`  ${`${name}.${namespace}`.padEnd(26)} ${virtualIps.join('  ')}`);
  }
  return `${lines.join('\n')}\n`;
}
