/** Towpath as npm installs it: compiled, so that no type stripper is loaded. */
import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './programs.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** Builds the package below `folder` and returns its launcher. @throws Error with the compiler's words */
export async function buildPackage(folder: string): Promise<string> {
  const installed = join(folder, 'package');
  mkdirSync(join(installed, 'bin'), { recursive: true });
  cpSync(join(ROOT, 'package.json'), join(installed, 'package.json'));
  cpSync(join(ROOT, 'bin', 'towpath'), join(installed, 'bin', 'towpath'));
  symlinkSync(join(ROOT, 'node_modules'), join(installed, 'node_modules'));
  const tsc = join(ROOT, 'node_modules', '.bin', 'tsc');
  await run([tsc, '-p', join(ROOT, 'tsconfig.build.json'), '--outDir', join(installed, 'dist')]);
  return join(installed, 'bin', 'towpath');
}
