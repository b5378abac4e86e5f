/** Starts one program inside a lab host and waits until it is ready. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../core/errors.ts';
import { runCommand } from '../intercept/run-command.ts';
import { commandInHost } from './host-command.ts';
import type { HostPlan, ProgramPlan } from './lab-plan.ts';
import { identifyProcess, isAlive, namespaceInode, networkInodeOf, type ProcessId } from './process-table.ts';

const READY_LIMIT_MS = 20_000;
const POLL_MS = 20;
const LOG_TAIL_LINES = 15;

/**
 * Writes the program's files and starts it in the host's namespace, detached, with standard output and error in its log file.
 * It must stay in the foreground: its pid is what is watched and stopped. @throws UserError when it cannot be started.
 */
export async function startProgram(host: HostPlan, program: ProgramPlan): Promise<ProcessId> {
  const owner = program.user === null ? null : await findAccount(host, program, program.user);
  await mkdir(program.folder, { recursive: true });
  for (const [name, content] of Object.entries(program.files)) await writeFile(`${program.folder}/${name}`, content);
  if (owner !== null) await chown(program.folder, owner.uid, owner.gid);
  const log = openSync(program.log, 'a');
  try {
    const [file, ...args] = commandInHost(host, program.command, program.user);
    const child = spawn(file, args, {
      cwd: program.folder,
      env: { PATH: PROGRAM_PATH, LANG: 'C.UTF-8', HOME: program.folder, ...program.env },
      detached: true,
      stdio: ['ignore', log, log],
    });
    const pid = await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('spawn', () => resolve(child.pid ?? 0));
    });
    child.unref();
    return identifyProcess(pid) ?? { pid, startTime: 'ended' };
  } finally {
    closeSync(log);
  }
}

/** Nothing of the caller's environment reaches a program: no surprise settings, no secrets. */
const PROGRAM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

async function findAccount(host: HostPlan, program: ProgramPlan, user: string): Promise<{ uid: number; gid: number }> {
  const { stdout } = await runCommand('getent', ['passwd', user]);
  const [, , uid, gid] = stdout.split(':');
  if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  const path = `hosts.${host.name}.programs: ${program.name}`;
  throw new UserError({ code: 'TWP1204', path, message: `there is no account "${user}" on this machine` });
}

/**
 * Waits for the program's port and readiness answer. @throws UserError with the end of its log when it dies or takes 20 s, and
 * whatever \`signal\` was aborted with.
 */
export async function waitUntilReady(
  host: HostPlan,
  program: ProgramPlan,
  process: ProcessId,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + READY_LIMIT_MS;
  for (;;) {
    signal.throwIfAborted();
    const obstacle = await findObstacle(host, program, process);
    if (!isAlive(process)) throw await notReady(host, program, 'ended at once');
    if (obstacle === null) return;
    if (performance.now() > deadline) {
      throw await notReady(host, program, `is not ready after ${READY_LIMIT_MS / 1000} s: ${obstacle}`);
    }
    await sleep(POLL_MS);
  }
}

/** What the program still lacks, in words; null when it is ready. */
async function findObstacle(host: HostPlan, program: ProgramPlan, process: ProcessId): Promise<string | null> {
  // A new process is outside until `ip netns exec` has done its work.
  if (networkInodeOf(process.pid) !== namespaceInode(host.namespace)) return 'it is not in its namespace';
  if (program.readyPort !== null && !isListening(process.pid, program.readyPort)) return 'nobody listens on its port';
  if (program.readyUrl === null) return null;
  const probe = ['curl', '--silent', '--show-error', '--fail-with-body', '--max-time', '2', program.readyUrl];
  const [file, ...args] = commandInHost(host, probe, null);
  const { exitCode, stdout, stderr } = await runCommand(file, args);
  return exitCode === 0 ? null : `${program.readyUrl} says: ${stdout.trim() || stderr.trim()}`;
}

/**
 * Looks into the kernel's socket tables as the process sees them (proc(5), /proc/PID/net/tcp): unlike a probing connection this
 * shows up in nobody's counters.
 */
export function isListening(pid: number, port: number): boolean {
  const LISTEN = '0A';
  const local = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return ['tcp', 'tcp6'].some((table) => {
    try {
      const rows = readFileSync(`/proc/${pid}/net/${table}`, 'latin1').split('\n').slice(1);
      return rows.some((row) => {
        const [, address, , state] = row.trim().split(/\s+/);
        return state === LISTEN && address?.endsWith(local) === true;
      });
    } catch {
      return false;
    }
  });
}

async function notReady(host: HostPlan, program: ProgramPlan, what: string): Promise<UserError> {
  const log = await readFile(program.log, 'utf8').catch(() => '');
  const tail = log.trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n  ');
  const port = program.readyPort === null ? '' : ` (port ${program.readyPort})`;
  const message = `${program.name} on ${host.name}${port} ${what}; the end of its log:\n  ${tail || '(empty)'}`;
  return new UserError({ code: 'TWP1205', message });
}
