import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../core/errors.ts';
import { MAX_TEXT_BYTES } from '../core/yaml.ts';

export interface ManifestFile {
  /** As the user wrote it; `-` is standard input. */
  readonly name: string;
  readonly text: string;
}

/** Reads files, directories of `*.yaml|*.yml|*.json`, and `-`. Throws UserError. */
export async function readManifests(paths: readonly string[]): Promise<ManifestFile[]> {
  const files: ManifestFile[] = [];
  for (const path of paths) {
    for (const name of path === '-' ? ['-'] : await expand(path)) files.push({ name, text: await read(name) });
  }
  return files;
}

async function expand(path: string): Promise<string[]> {
  const found = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw unreadable(path, cause);
  });
  if (!found.isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => /\.(ya?ml|json)$/.test(name)).sort();
  if (names.length === 0)
    throw new UserError({ code: 'TWP2705', message: `there is no .yaml, .yml or .json file in ${path}` });
  return names.map((name) => join(path, name));
}

async function read(name: string): Promise<string> {
  if (name === '-') return readStandardInput();
  return readFile(name, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw unreadable(name, cause);
  });
}

async function readStandardInput(): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of process.stdin) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > MAX_TEXT_BYTES)
      throw new UserError({ code: 'TWP1002', message: 'standard input is larger than 1 MiB' });
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function unreadable(path: string, cause: NodeJS.ErrnoException): UserError {
  const why = cause.code === 'ENOENT' ? 'there is no such file' : cause.message;
  return new UserError({ code: 'TWP2705', message: `cannot read ${path}: ${why}` });
}

/** Several files are one request, so that all of them are admitted or none. */
export function joinFiles(files: readonly ManifestFile[]): string {
  return files.map(({ text }) => text).join('\n---\n');
}

/** The file name begins every problem's path; with several files the resource's own name has to do. */
export function sourceOf(files: readonly ManifestFile[]): string {
  const [only, ...others] = files;
  return only !== undefined && others.length === 0 && only.name !== '-'
    ? only.name.replaceAll(/[^\x20-\x7e]/g, '?')
    : '';
}
