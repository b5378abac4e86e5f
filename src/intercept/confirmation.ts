/** `apply --confirm`: rules that take themselves back unless somebody who can still reach the host says so. */
import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { forgetSettings, recallSettings, rememberSettings, runtimeFile, writeRuntimeFile } from './applied-settings.ts';
import { assertRoot, hasFamily } from './firewall.ts';
import type { InterceptionSettings } from './settings.ts';
import { restoreSnapshot, type Snapshot, takeSnapshot } from './snapshot.ts';

const LOOK_MS = 200;

interface Pending {
  readonly token: string;
  /** The last state that nobody doubted. */
  readonly snapshot: Snapshot;
  readonly settings: InterceptionSettings | null;
}

/**
 * Writes down the state to go back to, before anything is changed; returns the token for `revertUnlessConfirmed`. While an
 * earlier change still waits for its confirmation, the state to go back to stays the one before that.
 */
export async function expectConfirmation(): Promise<string> {
  assertRoot();
  const earlier = readPending();
  const pending: Pending = {
    token: randomUUID(),
    snapshot: earlier?.snapshot ?? (await takeSnapshot((['v4', 'v6'] as const).filter(hasFamily))),
    settings: earlier === undefined ? (recallSettings() ?? null) : earlier.settings,
  };
  writeRuntimeFile(pendingFile(), JSON.stringify(pending));
  return pending.token;
}

/** Keeps what is in force. False when nothing waits for a confirmation here. */
export function confirm(): boolean {
  assertRoot();
  const waits = readPending() !== undefined;
  rmSync(pendingFile(), { force: true });
  return waits;
}

/** Waits `seconds`, then goes back, unless meanwhile somebody confirmed or applied anew. Returns whether it went back. */
export async function revertUnlessConfirmed(token: string, seconds: number): Promise<boolean> {
  const deadline = performance.now() + seconds * 1000;
  while (performance.now() < deadline) {
    if (readPending()?.token !== token) return false;
    await sleep(LOOK_MS);
  }
  const pending = readPending();
  if (pending?.token !== token) return false;
  await restoreSnapshot(pending.snapshot);
  if (pending.settings === null) forgetSettings();
  else rememberSettings(pending.settings);
  rmSync(pendingFile(), { force: true });
  return true;
}

function pendingFile(): string {
  return runtimeFile('unconfirmed');
}

function readPending(): Pending | undefined {
  try {
    return JSON.parse(readFileSync(pendingFile(), 'utf8')) as Pending;
  } catch {
    return undefined;
  }
}
