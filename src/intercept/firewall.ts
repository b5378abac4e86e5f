/** The kernel's rules, read and changed through iptables-save and iptables-restore. Errors become one sentence each. */
import { existsSync, readFileSync } from 'node:fs';
import { UserError } from '../core/errors.ts';
import { parseSaved, type SavedState } from './parse-saved.ts';
import type { Change } from './plan-change.ts';
import type { Family } from './rule.ts';
import { type CommandOutcome, runCommand } from './run-command.ts';

const CODE = 'TWP1302';
/** Seconds to wait for somebody else's iptables command (legacy backend; with nft the kernel arbitrates). */
const LOCK_WAIT_SECONDS = '5';

/** `iptables` is whatever the host's administrator chose; the others are asked for by name. */
export type Backend = 'iptables' | 'iptables-nft' | 'iptables-legacy';

function program(family: Family, backend: Backend, verb: 'save' | 'restore'): string {
  return `${family === 'v6' ? backend.replace('ip', 'ip6') : backend}-${verb}`;
}

export function assertRoot(): void {
  if (process.geteuid?.() === 0) return;
  throw new UserError({
    code: CODE,
    message: 'interception rules can only be read and changed by root',
    hint: 'use sudo',
  });
}

/** Whether the kernel speaks this family. */
export function hasFamily(family: Family): boolean {
  return family === 'v4' || existsSync('/proc/net/if_inet6');
}

/** Throws UserError when IPv6 is asked for on a kernel that was booted or built without it. */
export function assertFamily(family: Family): void {
  if (hasFamily(family)) return;
  throw new UserError({
    code: CODE,
    message: 'this kernel has no IPv6, so there is nothing to install ip6tables rules into',
    hint: 'switch it off: towpath intercept apply --no-ipv6, or ipv6: off in the agent file',
  });
}

/** What of ours is in one family's tables. Throws UserError without iptables, root or the kernel's nat table. */
export async function readFirewall(family: Family, backend: Backend = 'iptables'): Promise<SavedState> {
  const name = program(family, backend, 'save');
  // With `-t nat` it would print the table also where there is none.
  const outcome = await runCommand(name, []);
  if (outcome.exitCode !== 0) throw firewallError(name, outcome);
  // The note about other tables goes to standard error.
  return parseSaved(`${outcome.stdout}\n${outcome.stderr}`);
}

/** One commit. Throws UserError with the program's own words; the kernel has then changed nothing. */
export async function changeFirewall(family: Family, change: Change, backend: Backend = 'iptables'): Promise<void> {
  await restore(family, change, [], backend);
}

/** Parses the change and lets the kernel's modules check it, without committing. */
export async function testChange(family: Family, change: Change): Promise<void> {
  await restore(family, change, ['--test'], 'iptables');
}

async function restore(family: Family, change: Change, extra: readonly string[], backend: Backend): Promise<void> {
  const name = program(family, backend, 'restore');
  const mode = change.flush ? [] : ['--noflush'];
  const outcome = await runCommand(name, [...mode, '-w', LOCK_WAIT_SECONDS, ...extra], change.input);
  if (outcome.exitCode !== 0) throw firewallError(name, outcome);
}

/** The backend that the administrator did not choose, when it holds rules of its own; they would act beside ours. */
export async function otherBackend(family: Family, current: SavedState): Promise<Backend | undefined> {
  if (current.legacyTablesPresent) return 'iptables-legacy';
  const version = await runCommand('iptables', ['-V']);
  const other: Backend = version.stdout.includes('legacy') ? 'iptables-nft' : 'iptables-legacy';
  // Asking the legacy programs about tables would create them.
  if (other === 'iptables-legacy' && !legacyNatExists(family)) return undefined;
  const outcome = await runCommand(program(family, other, 'save'), []);
  return outcome.exitCode === 0 ? other : undefined;
}

function legacyNatExists(family: Family): boolean {
  try {
    const file = family === 'v4' ? '/proc/net/ip_tables_names' : '/proc/net/ip6_tables_names';
    return readFileSync(file, 'utf8').split('\n').includes('nat');
  } catch {
    return false;
  }
}

/** The sentence for a save or restore program that failed. Pure. */
export function firewallError(name: string, outcome: CommandOutcome): UserError {
  if (outcome.exitCode === 127) {
    return new UserError({ code: CODE, message: `${name} is not installed`, hint: 'apt-get install iptables' });
  }
  const words = outcome.stderr.trim().split('\n').slice(0, 2).join(' ').replace(/\s+/g, ' ');
  if (/Permission denied|Operation not permitted/.test(words)) {
    return new UserError({
      code: CODE,
      message: `the kernel does not let this process change firewall rules (${words})`,
      hint: 'run it as root with CAP_NET_ADMIN; in a container, give it that capability',
    });
  }
  if (/table does not exist|Table does not exist|can't initialize|Could not fetch rule set generation/.test(words)) {
    const module = name.startsWith('ip6') ? 'ip6table_nat' : 'iptable_nat';
    return new UserError({
      code: CODE,
      message: `this kernel has no nat table for ${name} (${words})`,
      hint: `load it: modprobe ${module} (or nft_chain_nat)`,
    });
  }
  return new UserError({ code: CODE, message: `${name} failed: ${words || `exit status ${outcome.exitCode}`}` });
}
