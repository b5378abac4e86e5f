/** Where a lab keeps what it must remember, and the reading and writing of its state file. */
import { mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { UserError } from '../core/errors.ts';
import type { LabPlan } from './lab-plan.ts';
import type { ProcessId } from './process-table.ts';
import type { ServiceName } from './render-hosts-file.ts';

/** Lost at a reboot, as namespaces and processes are. */
const LABS_FOLDER = '/run/towpath-lab';

export type LabPhase = 'starting' | 'up' | 'stopping';

export interface RunningProgram {
  readonly host: string;
  readonly program: string;
  readonly process: ProcessId;
}

/** Written before the first namespace is made and before and after each program starts: `down` never has to guess. */
export interface LabState {
  readonly phase: LabPhase;
  /** The process that brings the lab up; when it is gone in phase `starting`, it died half-way. */
  readonly owner: ProcessId;
  readonly plan: LabPlan;
  readonly running: readonly RunningProgram[];
  readonly services: readonly ServiceName[];
}

const NAME = /^[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?$/;

/** The folder of the lab called `name`. @throws UserError for a name that cannot be part of a path or namespace. */
export function labFolder(name: string): string {
  if (!NAME.test(name)) {
    throw new UserError(
      {
        code: 'TWP1202',
        message: `"${name}" is no lab name: use up to 30 lower-case letters, digits and "-"`,
      },
      2,
    );
  }
  return `${LABS_FOLDER}/${name}`;
}

/** Makes the lab's folder; false when it exists, so of two `up` at the same moment one loses. */
export async function claimLabFolder(name: string): Promise<boolean> {
  await mkdir(LABS_FOLDER, { recursive: true, mode: 0o755 });
  try {
    await mkdir(labFolder(name), { mode: 0o755 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Removes the lab's folder, and the folder of all labs after the last one. */
export async function removeLabFolder(name: string): Promise<void> {
  await rm(labFolder(name), { recursive: true, force: true });
  await rmdir(LABS_FOLDER).catch(() => undefined);
}

/** null: there is no lab of this name, or it was stopped in the instant before its state was first written. */
export async function readLabState(name: string): Promise<LabState | null> {
  const text = await readFile(stateFile(name), 'utf8').catch(() => null);
  return text === null ? null : (JSON.parse(text) as LabState);
}

/** Atomic: a reader sees the old or the new state, never half of one. */
export async function writeLabState(name: string, state: LabState): Promise<void> {
  const file = stateFile(name);
  await writeFile(`${file}.new`, JSON.stringify(state, null, 1), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** Names of all labs that have a folder, up or not. */
export async function listLabs(): Promise<string[]> {
  const entries = await readdir(LABS_FOLDER, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

function stateFile(name: string): string {
  return `${labFolder(name)}/state.json`;
}
