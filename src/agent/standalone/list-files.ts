/** Which files the operator's paths mean: a file itself, a directory its YAML and JSON files (not those of its sub-directories). */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Problem } from '../../core/errors.ts';
import { err, ok, type Result } from '../../core/result.ts';

const MAX_FILES = 1_000;
/** The parser's own limit is 1 MiB; anything larger is not even read. */
const MAX_BYTES = 2 * 1024 * 1024;
const RESOURCE_FILE = /^[^.].*\.(ya?ml|json)$/;

export interface ResourceFile {
  readonly name: string;
  readonly text: string;
}

/** Every file's content, in the order given, directories sorted by name; or what could not be read. */
export async function readResourceFiles(paths: readonly string[]): Promise<Result<ResourceFile[], Problem[]>> {
  const problems: Problem[] = [];
  const names = new Set<string>();
  for (const path of paths) {
    const found = await attempt(path, () => expandPath(path), problems);
    for (const name of found ?? []) names.add(name);
  }
  if (names.size > MAX_FILES) problems.push(unreadable(paths.join(' '), `more than ${MAX_FILES} files`));
  const files: ResourceFile[] = [];
  for (const name of [...names].slice(0, MAX_FILES)) {
    const text = await attempt(name, () => readLimited(name), problems);
    if (text !== null) files.push({ name, text });
  }
  return problems.length > 0 ? err(problems) : ok(files);
}

async function expandPath(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const names = await readdir(path);
  return names
    .filter((name) => RESOURCE_FILE.test(name))
    .sort()
    .map((name) => join(path, name));
}

async function readLimited(name: string): Promise<string> {
  if ((await stat(name)).size > MAX_BYTES) throw new Error('it is larger than 1 MiB');
  return readFile(name, 'utf8');
}

async function attempt<T>(name: string, read: () => Promise<T>, problems: Problem[]): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    problems.push(unreadable(name, code === 'ENOENT' ? 'there is no such file or directory' : message));
    return null;
  }
}

function unreadable(name: string, reason: string): Problem {
  return { code: 'TWP2501', path: name, message: `cannot be read: ${reason}` };
}
