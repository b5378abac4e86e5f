/**
 * Remembers what was applied last in this network namespace, so that `towpath intercept check` without options compares with that.
 * A convenience only: removing and applying never depend on it.
 */
import { mkdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InterceptionSettings } from './settings.ts';

const DIRECTORY = '/run/towpath';

/** A file name of its own for each network namespace: /run is shared between them. */
export function runtimeFile(what: string): string {
  const inode = /\d+/.exec(readlinkSync('/proc/self/ns/net'))?.[0] ?? '0';
  return join(DIRECTORY, `${what}-${inode}.json`);
}

/** Writes a file that only root can read. */
export function writeRuntimeFile(file: string, text: string): void {
  mkdirSync(DIRECTORY, { recursive: true, mode: 0o755 });
  writeFileSync(file, text, { mode: 0o600 });
}

export function rememberSettings(settings: InterceptionSettings): void {
  try {
    writeRuntimeFile(runtimeFile('interception'), JSON.stringify(settings));
  } catch {
    // A read-only /run costs the convenience, not the interception.
  }
}

export function forgetSettings(): void {
  rmSync(runtimeFile('interception'), { force: true });
}

/** Undefined when nothing was applied here, or by another version. */
export function recallSettings(): InterceptionSettings | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(runtimeFile('interception'), 'utf8'));
    return isSettings(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The file is ours and root's alone; this only tells another version's shape from ours. */
function isSettings(value: unknown): value is InterceptionSettings {
  const ports = ['outboundPort', 'inboundPort', 'dnsPort'];
  const keys = [...ports, 'gid', 'failure', 'virtualIpRanges', 'outbound', 'programs', 'inbound', 'ipv6'];
  return typeof value === 'object' && value !== null && keys.every((key) => Object.hasOwn(value, key));
}
