/** The network namespace in which everything happens: loopback only, so that nothing leaves and no rule of the machine is met. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VIRTUAL_NETS } from './addresses.ts';

export interface Place {
  readonly namespace: string;
  readonly folder: string;
}

/** For short connections: many ports (above all that are listened on), and no table that fills up within one run. */
export const MANY_CONNECTIONS: readonly string[] = [
  'net.ipv4.ip_local_port_range=16384 65535',
  'net.ipv4.tcp_tw_reuse=1',
  'net.netfilter.nf_conntrack_tcp_timeout_time_wait=2',
  'net.netfilter.nf_conntrack_tcp_timeout_close=2',
  'net.core.somaxconn=4096',
];

/**
 * @param prefix of the names of the namespace and of the folder; what dead runs with that prefix left behind is removed first
 * @param settings for sysctl, in the namespace
 * @throws Error when the kernel or the rights do not allow it
 */
export function openPlace(prefix: string, settings: readonly string[]): Place {
  removeLeftovers(prefix);
  const place = { namespace: `${prefix}${process.pid}`, folder: mkdtempSync(join(tmpdir(), prefix)) };
  try {
    ip('netns', 'add', place.namespace);
    ip('-n', place.namespace, 'link', 'set', 'lo', 'up');
    for (const { net, client } of VIRTUAL_NETS) {
      ip('-n', place.namespace, 'addr', 'replace', `${client}/32`, 'dev', 'lo');
      ip('-n', place.namespace, 'route', 'add', net, 'dev', 'lo', 'src', client);
    }
    for (const setting of settings) inside(place, 'sysctl', '-q', '-w', setting);
    return place;
  } catch (error) {
    closePlace(place);
    throw error;
  }
}

/** Ends every process in the namespace, and removes it with its rules, and the folder. Never throws. */
export function closePlace({ namespace, folder }: Place): void {
  endNamespace(namespace);
  rmSync(folder, { recursive: true, force: true });
}

/** Command line that runs another inside. */
export function commandInside({ namespace }: Place, command: readonly string[]): string[] {
  return ['ip', 'netns', 'exec', namespace, ...command];
}

/** What a run that was killed left behind; runs that live are left alone. */
function removeLeftovers(prefix: string): void {
  if (!existsSync('/run/netns')) return;
  for (const name of readdirSync('/run/netns')) {
    if (name.startsWith(prefix) && !existsSync(`/proc/${name.slice(prefix.length)}`)) endNamespace(name);
  }
}

function endNamespace(namespace: string): void {
  try {
    const pids = ip('netns', 'pids', namespace).split('\n').filter(Boolean).map(Number);
    for (const pid of pids) endProcess(pid);
    ip('netns', 'del', namespace);
  } catch {
    // It was never made, or somebody else removed it.
  }
}

function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

function inside(place: Place, ...command: string[]): string {
  return ip('netns', 'exec', place.namespace, ...command);
}

function ip(...args: string[]): string {
  return execFileSync('ip', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
