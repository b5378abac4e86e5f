/**
 * Linux capabilities (capabilities(7)): the agent keeps what it needs and gives up the rest before anything of it runs. Each thread has
 * its own set and no thread can take from another, so the process is replaced by itself with a smaller bounding set, by setpriv of
 * util-linux: every thread and every program that it starts then has no more.
 */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';

/** Bits of linux/capability.h. */
const BITS = {
  dac_override: 1,
  dac_read_search: 2,
  setpcap: 8,
  net_bind_service: 10,
  net_admin: 12,
  net_raw: 13,
} as const;
export type Capability = Exclude<keyof typeof BITS, 'setpcap'>;

export interface Wants {
  /** Rules, marks, and the original destination of queries. */
  readonly intercepts: boolean;
  readonly ports: readonly number[];
  /** Read now and later. */
  readonly reads: readonly string[];
  readonly stateDirectory: string;
}

/** What of a file or directory is looked at; null: there is none. */
export type StatOf = (path: string) => { readonly uid: number; readonly mode: number } | null;

const OWNER = 0o700;
const OTHERS = 0o007;

/** What an agent with these settings goes on needing, as root. */
export function neededCapabilities(wants: Wants, statOf: StatOf = statPath): Capability[] {
  const needed: Capability[] = [];
  if (wants.intercepts) needed.push('net_admin', 'net_raw');
  if (wants.ports.some((port) => port < 1024)) needed.push('net_bind_service');
  if (!isWritable(resolve(wants.stateDirectory), statOf)) needed.push('dac_override');
  else if (!wants.reads.every((path) => isReadable(resolve(path), statOf))) needed.push('dac_read_search');
  return needed;
}

/** By its owner, who is root, or by everybody. */
function allows(path: string, bits: number, statOf: StatOf): boolean | null {
  const found = statOf(path);
  if (found === null) return null;
  const granted = found.uid === 0 ? (found.mode & OWNER) >> 6 : found.mode & OTHERS;
  return (granted & bits) === bits;
}

function isReadable(path: string, statOf: StatOf): boolean {
  if (allows(path, 4, statOf) === false) return false;
  for (let at = dirname(path); ; at = dirname(at)) {
    if (allows(at, 1, statOf) === false) return false;
    if (at === dirname(at)) return true;
  }
}

/** The directory, or the nearest above it that is there. */
function isWritable(path: string, statOf: StatOf): boolean {
  let at = path;
  while (allows(at, 3, statOf) === null && at !== dirname(at)) at = dirname(at);
  return allows(at, 3, statOf) !== false && isReadable(at, statOf);
}

function statPath(path: string): ReturnType<StatOf> {
  try {
    const { uid, mode } = statSync(path);
    return { uid, mode };
  } catch {
    return null;
  }
}

export type Confinement =
  | { readonly type: 'confined' }
  /** Arguments of setpriv before the program. */
  | { readonly type: 'replace'; readonly options: readonly string[] }
  | { readonly type: 'impossible'; readonly reason: string };

/**
 * @param status `/proc/self/status`
 * @param gid the group that the rules leave alone
 */
export function planConfinement(status: string, needed: readonly Capability[], gid: number): Confinement {
  const maskOf = (name: string): bigint =>
    BigInt(`0x${new RegExp(`^${name}:\\s*([0-9a-f]+)$`, 'm').exec(status)?.[1] ?? '0'}`);
  const kept = needed.reduce((mask, name) => mask | (1n << BigInt(BITS[name])), 0n);
  const isRoot = /^Uid:\s+\d+\s+0\s/m.test(status);
  const held = maskOf('CapPrm') | maskOf('CapInh') | (isRoot ? maskOf('CapBnd') : 0n);
  if ((held & ~kept) === 0n) return { type: 'confined' };
  if ((maskOf('CapEff') & (1n << BigInt(BITS.setpcap))) === 0n)
    return { type: 'impossible', reason: 'without CAP_SETPCAP it cannot give them up' };
  const bounding = ['-all', ...needed.map((name) => `+${name}`)].join(',');
  const group = isRoot ? ['--regid', String(gid), '--clear-groups'] : [];
  const options = [...group, '--inh-caps=-all', `--bounding-set=${bounding}`, '--no-new-privs', '--'];
  return { type: 'replace', options };
}

/** @param path as in the environment @returns null: it is not installed */
export function findSetpriv(path: string): string | null {
  for (const folder of [...path.split(delimiter), '/usr/bin', '/bin']) {
    const file = join(folder, 'setpriv');
    try {
      if (folder.startsWith('/')) accessSync(file, constants.X_OK);
      else continue;
      return file;
    } catch {}
  }
  return null;
}
