/** Last-known-good views on disk: three generations, each written whole or not at all. */
import { type FileHandle, mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../../core/errors.ts';
import { decodeSnapshot } from './encode-snapshot.ts';
import type { ViewSnapshot } from './view-store.ts';

/** Newest first. */
const GENERATIONS = ['views.0', 'views.1', 'views.2'] as const;
const TEMPORARY = 'views.new';
/** Views name every service and address of the mesh: for root alone. */
const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;

/** @throws UserError when the directory cannot be made or written. */
export async function prepareStateDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: DIRECTORY_MODE });
    const probe = await open(join(directory, TEMPORARY), 'w', FILE_MODE);
    await probe.close();
  } catch (error) {
    throw new UserError({
      code: 'TWP2101',
      message: `cannot write to the state directory ${directory}: ${(error as Error).message}`,
      hint: 'run as root, or choose another with stateDirectory or TOWPATH_STATE_DIRECTORY',
    });
  }
}

export interface LoadedSnapshot {
  readonly snapshot: ViewSnapshot | null;
  /** One sentence for each file that was there and could not be used. */
  readonly warnings: readonly string[];
}

/** The newest generation that is whole. A damaged or foreign file is passed over, never an error: the agent must start. */
export async function loadSnapshot(directory: string, mesh: string): Promise<LoadedSnapshot> {
  const warnings: string[] = [];
  for (const name of GENERATIONS) {
    const file = join(directory, name);
    const bytes = await readIfThere(file, warnings);
    if (bytes === null) continue;
    const decoded = decodeSnapshot(mesh, bytes);
    if (decoded.ok) return { snapshot: decoded.value, warnings };
    warnings.push(`the last-known-good file ${file} is not used: ${decoded.error}`);
  }
  return { snapshot: null, warnings };
}

/** Writes the newest generation and shifts the older ones. A crash at any point leaves at least one whole file. */
export async function saveSnapshot(directory: string, bytes: Buffer): Promise<void> {
  const temporary = join(directory, TEMPORARY);
  await withFile(temporary, 'w', async (file) => {
    await file.writeFile(bytes);
    await file.sync();
  });
  for (let i = GENERATIONS.length - 1; i > 0; i--) {
    await renameIfThere(join(directory, `views.${i - 1}`), join(directory, `views.${i}`));
  }
  await rename(temporary, join(directory, GENERATIONS[0]));
  // The names themselves reach the disk only with the directory.
  await withFile(directory, 'r', (file) => file.sync());
}

async function withFile(path: string, flags: string, use: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, flags, FILE_MODE);
  try {
    await use(file);
  } finally {
    await file.close();
  }
}

async function readIfThere(file: string, warnings: string[]): Promise<Buffer | null> {
  try {
    return await readFile(file);
  } catch (error) {
    if (!isMissing(error))
      warnings.push(`the last-known-good file ${file} cannot be read: ${(error as Error).message}`);
    return null;
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
