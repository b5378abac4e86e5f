/** Stops and starts single programs of a lab that is up: how a test or demo kills an endpoint, an agent or NATS. */
import { UserError } from '../core/errors.ts';
import { type LabState, readLabState, writeLabState } from './lab-files.ts';
import { findHost, type HostPlan, type ProgramPlan } from './lab-plan.ts';
import {
  listMembers,
  namespaceInode,
  networkInodeOf,
  type ProcessId,
  signalProcess,
  waitForEnd,
} from './process-table.ts';
import { startProgram, waitUntilReady } from './start-program.ts';

const STOP_LIMIT_MS = 15_000;

/** The state of a lab that is up. @throws UserError when there is none of this name. */
export async function requireLab(name: string): Promise<LabState> {
  const state = await readLabState(name);
  if (state?.phase === 'up') return state;
  const hint = `bring it up with: towpath lab up --name ${name}`;
  throw new UserError({ code: 'TWP1210', message: `the lab "${name}" is not up`, hint });
}

/** The host of that name. @throws UserError naming the hosts there are. */
export function requireHost(state: LabState, name: string): HostPlan {
  const host = findHost(state.plan, name);
  if (host !== null) return host;
  const names = state.plan.hosts.map((h) => h.name).join(', ');
  throw new UserError({
    code: 'TWP1210',
    message: `the lab "${state.plan.name}" has no host "${name}"; it has ${names}`,
  });
}

function requireProgram(host: HostPlan, name: string): ProgramPlan {
  const program = host.programs.find((p) => p.name === name);
  if (program !== undefined) return program;
  const names = host.programs.map((p) => p.name).join(', ') || 'none';
  throw new UserError({
    code: 'TWP1210',
    message: `the host "${host.name}" has no program "${name}"; it has ${names}`,
  });
}

/** The process of a program, alive or not; null when it was never started. */
export function findProcess(state: LabState, host: string, program: string): ProcessId | null {
  return state.running.find((entry) => entry.host === host && entry.program === program)?.process ?? null;
}

/**
 * Sends `signal` to the program and, for signals that end programs, waits until it and its children (such as nginx's workers)
 * are gone. @throws UserError when it does not run or does not end within 15 s.
 */
export async function stopProgram(
  lab: string,
  hostName: string,
  programName: string,
  signal: NodeJS.Signals,
): Promise<void> {
  const state = await requireLab(lab);
  const host = requireHost(state, hostName);
  const program = requireProgram(host, programName);
  const main = findProcess(state, host.name, program.name);
  const family = main === null ? [] : sessionOf(host, main.pid);
  if (main === null || !signalProcess(main, signal)) {
    throw new UserError({ code: 'TWP1210', message: `${programName} on ${hostName} does not run` });
  }
  if (
    signal === 'SIGSTOP' ||
    signal === 'SIGCONT' ||
    signal === 'SIGHUP' ||
    signal === 'SIGUSR1' ||
    signal === 'SIGUSR2'
  )
    return;
  if (!(await waitForEnd(main, STOP_LIMIT_MS))) {
    throw new UserError({ code: 'TWP1210', message: `${programName} on ${hostName} does not end after ${signal}` });
  }
  for (const child of family) {
    if (signal === 'SIGKILL') signalProcess(child, 'SIGKILL');
    await waitForEnd(child, STOP_LIMIT_MS);
  }
}

/** All processes of the program: it was started as the leader of a session of its own, so its children carry its pid. */
function sessionOf(host: HostPlan, leader: number): ProcessId[] {
  const inode = namespaceInode(host.namespace);
  if (inode === null || networkInodeOf(leader) !== inode) return [];
  return listMembers(new Set([inode])).filter((member) => member.session === leader);
}

/** Starts a program that was stopped or died, and waits until it is ready. @throws UserError when it runs already or fails. */
export async function restartProgram(lab: string, hostName: string, programName: string): Promise<void> {
  const state = await requireLab(lab);
  const host = requireHost(state, hostName);
  const program = requireProgram(host, programName);
  const old = findProcess(state, host.name, program.name);
  if (old !== null && (await waitForEnd(old, 0)) === false) {
    throw new UserError({ code: 'TWP1210', message: `${programName} on ${hostName} runs already` });
  }
  const process = await startProgram(host, program);
  const others = state.running.filter((entry) => entry.host !== host.name || entry.program !== program.name);
  await writeLabState(lab, { ...state, running: [...others, { host: host.name, program: program.name, process }] });
  await waitUntilReady(host, program, process, new AbortController().signal);
}
