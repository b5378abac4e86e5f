/** The sets that hold the lease: made before the rules that look into them, destroyed after. */
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../core/errors.ts';
import { LEASE_ENTRIES, LEASE_SECONDS, LEASE_SETS } from './names.ts';
import type { Family } from './rule.ts';
import { type CommandOutcome, runCommand } from './run-command.ts';

const CODE = 'TWP1303';
/** The kernel lets go of a set a moment after the rules that used it. */
const DESTROY_TRIES = 20;
const DESTROY_PAUSE_MS = 50;

/** Makes the family's set; a set that is there stays as it is, with its lease. */
export async function createLeaseSet(family: Family): Promise<void> {
  const inet = family === 'v4' ? 'inet' : 'inet6';
  const args = ['create', LEASE_SETS[family], 'hash:net', 'family', inet, 'timeout', String(LEASE_SECONDS), '-exist'];
  const outcome = await runCommand('ipset', args);
  if (outcome.exitCode !== 0) throw leaseError(outcome);
}

/** Destroys the family's set if there is one. */
export async function destroyLeaseSet(family: Family): Promise<void> {
  for (let left = DESTROY_TRIES; ; left--) {
    const outcome = await runCommand('ipset', ['destroy', LEASE_SETS[family]]);
    if (outcome.exitCode === 0 || outcome.exitCode === 127 || /does not exist/.test(outcome.stderr)) return;
    if (left === 0 || !/in use/.test(outcome.stderr)) throw leaseError(outcome);
    await sleep(DESTROY_PAUSE_MS);
  }
}

/** Which of our sets exist. None when ipset is not installed. */
export async function listLeaseSets(): Promise<Family[]> {
  const outcome = await runCommand('ipset', ['list', '-n']);
  const found = outcome.stdout.split('\n');
  return (['v4', 'v6'] as const).filter((family) => found.includes(LEASE_SETS[family]));
}

/** Whether some agent refreshes the lease right now. */
export async function isLeaseLive(family: Family): Promise<boolean> {
  const outcome = await runCommand('ipset', ['list', LEASE_SETS[family]]);
  return (
    outcome.exitCode === 0 && LEASE_ENTRIES[family].every((entry) => outcome.stdout.includes(`\n${entry} timeout`))
  );
}

/** One refresh, as lines for ipset's interactive mode. */
export function refreshLines(families: readonly Family[]): string {
  return families
    .flatMap((family) =>
      LEASE_ENTRIES[family].map((entry) => `add ${LEASE_SETS[family]} ${entry} timeout ${LEASE_SECONDS} -exist\n`),
    )
    .join('');
}

/** Ends the lease at once. */
export function flushLines(families: readonly Family[]): string {
  return families.map((family) => `flush ${LEASE_SETS[family]}\n`).join('');
}

function leaseError(outcome: CommandOutcome): UserError {
  if (outcome.exitCode === 127) {
    return new UserError({
      code: CODE,
      message: 'ipset is not installed, and the fail-open lease needs it',
      hint: 'apt-get install ipset, or choose failure: closed',
    });
  }
  const words = outcome.stderr.trim().replace(/\s+/g, ' ');
  return new UserError({ code: CODE, message: `ipset failed: ${words || `exit status ${outcome.exitCode}`}` });
}
