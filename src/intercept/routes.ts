/**
 * Routes for virtual addresses. The kernel looks for a route before any rule sees the packet: without one, a host that has no
 * default route answers "network unreachable". A route to lo is enough: the packet is redirected before it gets there.
 */
import { readFileSync } from 'node:fs';
import { UserError } from '../core/errors.ts';
import { cidrsOf } from './cidr.ts';
import { ROUTE_PROTOCOL } from './names.ts';
import type { Family } from './rule.ts';
import { type CommandOutcome, runCommand } from './run-command.ts';

const CODE = 'TWP1304';

function ip(family: Family, ...args: readonly string[]): Promise<CommandOutcome> {
  return runCommand('ip', [family === 'v4' ? '-4' : '-6', ...args]);
}

/** The ranges to route, in the text that `ip route` prints. Empty where loopback has IPv6 switched off: nothing can dial there. */
export function wantedRoutes(family: Family, virtualIpRanges: readonly string[]): string[] {
  if (family === 'v6' && isOff('/proc/sys/net/ipv6/conf/lo/disable_ipv6')) return [];
  return cidrsOf(family, virtualIpRanges).map((cidr) => cidr.text.replace(family === 'v4' ? /\/32$/ : /\/128$/, ''));
}

export async function listRoutes(family: Family): Promise<string[]> {
  const outcome = await ip(family, 'route', 'show', 'table', 'main', 'proto', String(ROUTE_PROTOCOL));
  // `ip` fails on a kernel without the family; there are no routes then.
  return outcome.stdout
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '')
    .filter((range) => range !== '');
}

/** Adds what is missing and deletes routes of ours that are no longer wanted. Throws UserError. */
export async function applyRoutes(family: Family, wanted: readonly string[]): Promise<void> {
  const found = await listRoutes(family);
  for (const range of found.filter((r) => !wanted.includes(r))) await deleteRoute(family, range);
  for (const range of wanted.filter((r) => !found.includes(r))) await addRoute(family, range);
}

export async function removeRoutes(family: Family): Promise<void> {
  for (const range of await listRoutes(family)) await deleteRoute(family, range);
}

async function addRoute(family: Family, range: string): Promise<void> {
  const scope = family === 'v4' && !(await hasGlobalAddress()) ? ['scope', 'host'] : [];
  const outcome = await ip(family, 'route', 'add', range, 'dev', 'lo', 'proto', String(ROUTE_PROTOCOL), ...scope);
  if (outcome.exitCode === 0 || /File exists/.test(outcome.stderr)) return;
  const hint = outcome.exitCode === 127 ? 'apt-get install iproute2' : 'lo must be up: ip link set lo up';
  throw new UserError({ code: CODE, message: `cannot route ${range} to lo: ${outcome.stderr.trim()}`, hint });
}

async function deleteRoute(family: Family, range: string): Promise<void> {
  const outcome = await ip(family, 'route', 'del', range, 'dev', 'lo', 'proto', String(ROUTE_PROTOCOL));
  if (outcome.exitCode === 0 || /No such process/.test(outcome.stderr)) return;
  throw new UserError({ code: CODE, message: `cannot delete the route to ${range}: ${outcome.stderr.trim()}` });
}

/** The program's source address is the host's own, as for any other destination; 127.0.0.1 only where IPv4 has nothing else. */
async function hasGlobalAddress(): Promise<boolean> {
  const outcome = await ip('v4', '-o', 'addr', 'show', 'scope', 'global');
  return outcome.stdout.trim() !== '';
}

function isOff(file: string): boolean {
  try {
    return readFileSync(file, 'utf8').trim() === '1';
  } catch {
    return false;
  }
}
