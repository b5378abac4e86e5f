/** Where the package's own files are, from source and from the published build alike. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { TowpathCommand } from './lab-plan.ts';

function packageFile(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

/** The folder of the `towpath` launcher, for the PATH of commands in a host. */
export const BIN_FOLDER = dirname(packageFile('bin/towpath'));

/** The topology of `towpath lab up` without --topology. */
export const DEFAULT_TOPOLOGY = packageFile('lab/shop.yaml');

/** How to start ourselves: the launcher, which picks the right Node; without it, this Node with our own source. */
export function findTowpath(): TowpathCommand {
  const launcher = packageFile('bin/towpath');
  return existsSync(launcher) ? [launcher] : [process.execPath, packageFile('src/cli/main.ts')];
}
