/**
 * Imported first by every test file of this folder, and for its effect: the file then runs in a network namespace of its own,
 * so that tests dial from inside, where the agent's rules catch them. Fails without root, never skips.
 */
import { spawnSync } from 'node:child_process';
import { closePlace, commandInside, openPlace } from '../../../bench/place/namespace.ts';

const FOLDER = 'TOWPATH_CONFORMANCE_FOLDER';
const NODE = [process.execPath, '--disable-warning=ExperimentalWarning', '--no-concurrent-recompilation'];

/** Many short connections must not run out of ports. */
const SETTINGS = ['net.ipv4.tcp_tw_reuse=1', 'net.core.somaxconn=4096'];

/** Where tests may write; removed at the end. */
export const folder: string = process.env[FOLDER] ?? moveInside();

/** Runs this very file again inside and ends with its status. Synchronous, so that nothing of the file runs out here. */
function moveInside(): never {
  if (process.getuid?.() !== 0) throw new Error('conformance tests build network namespaces and need root');
  const place = openPlace('towpath-conf-', SETTINGS);
  const [file = '', ...words] = commandInside(place, [...NODE, ...process.argv.slice(1)]);
  const { status } = spawnSync(file, words, { stdio: 'inherit', env: { ...process.env, [FOLDER]: place.folder } });
  closePlace(place);
  process.exit(status ?? 1);
}

/** The command of a TypeScript program of this folder. */
export function nodeCommand(program: string, ...args: readonly string[]): string[] {
  return [...NODE, new URL(`./programs/${program}`, import.meta.url).pathname, ...args];
}
