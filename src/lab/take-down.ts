/** `lab down`: ends every process in the lab's namespaces, then deletes namespaces and files. Works from any half-way point. */
import { UserError } from '../core/errors.ts';
import { labFolder, listLabs, readLabState, removeLabFolder, writeLabState } from './lab-files.ts';
import { deleteNamespaces, listNamespaces, waitForSetupCommands } from './namespaces.ts';
import { isAlive, listMembers, namespaceInode, type ProcessId, signalProcess, waitForEnd } from './process-table.ts';

const KILL_LIMIT_MS = 5_000;
const OWNER_LIMIT_MS = 15_000;

export interface TakeDownReport {
  /** False: there was nothing of this name. */
  readonly existed: boolean;
  readonly processes: number;
  readonly namespaces: number;
}

/**
 * Takes the lab called `name` down, whatever is left of it; doing so twice is no error. Processes are killed at once: nothing of
 * theirs outlives the lab. @throws UserError when a process or namespace resists.
 */
export async function takeDownLab(name: string): Promise<TakeDownReport> {
  const claimed = (await listLabs()).includes(labFolder(name).split('/').at(-1) ?? name);
  const found = await readLabState(name);
  if (found?.phase === 'starting') await stopOwner(found.owner);
  const state = await readLabState(name); // the owner may have cleaned up meanwhile
  if (state !== null) await writeLabState(name, { ...state, phase: 'stopping' });
  if (claimed) await waitForSetupCommands();
  const namespaces = await listNamespaces(name);
  const inodes = new Set(namespaces.flatMap((namespace) => namespaceInode(namespace) ?? []));
  // What was started but had not entered its namespace yet is known by pid alone.
  const recorded = (state?.running ?? []).map((entry) => entry.process).filter(isAlive);
  let processes = await killAll(recorded, inodes);
  if (namespaces.length > 0 || claimed) await deleteNamespaces(namespaces);
  processes += await killAll([], inodes); // entered between the last look and the deletion
  await removeLabFolder(name);
  return { existed: claimed || namespaces.length > 0, processes, namespaces: namespaces.length };
}

/** A `lab up` under way is asked to stop (it cleans up itself), then made to. */
async function stopOwner(owner: ProcessId): Promise<void> {
  if (owner.pid === process.pid || !signalProcess(owner, 'SIGTERM')) return;
  if (await waitForEnd(owner, OWNER_LIMIT_MS)) return;
  signalProcess(owner, 'SIGKILL');
  await waitForEnd(owner, KILL_LIMIT_MS);
}

/** Kills until a whole look finds nobody, because a process may fork while we look. Returns how many were killed. */
async function killAll(recorded: readonly ProcessId[], inodes: ReadonlySet<number>): Promise<number> {
  const deadline = performance.now() + KILL_LIMIT_MS;
  const killed = new Set<string>();
  for (let victims = union(recorded, listMembers(inodes)); victims.length > 0; victims = listMembers(inodes)) {
    for (const victim of victims) {
      if (signalProcess(victim, 'SIGKILL')) killed.add(`${victim.pid} ${victim.startTime}`);
    }
    for (const victim of victims) await waitForEnd(victim, Math.max(0, deadline - performance.now()));
    if (performance.now() > deadline) {
      const pids = victims.filter(isAlive).map((victim) => victim.pid);
      throw new UserError({ code: 'TWP1208', message: `processes ${pids.join(', ')} of the lab cannot be killed` });
    }
  }
  return killed.size;
}

function union(a: readonly ProcessId[], b: readonly ProcessId[]): ProcessId[] {
  const known = new Set(a.map((entry) => entry.pid));
  return [...a, ...b.filter((entry) => !known.has(entry.pid))];
}
