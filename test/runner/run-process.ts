import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';

export interface ProcessResult {
  /** null: ended by a signal. */
  readonly exitCode: number | null;
  readonly timedOut: boolean;
  /** Standard output and standard error in the order they came; the middle is left out beyond 4 MiB. */
  readonly output: string;
  readonly seconds: number;
}

const MAX_OUTPUT = 4 * 1024 * 1024;
const KILL_GRACE_MS = 5000;
/** Code that Node has stripped of types and compiled once; whatever a test starts finds it there. */
const COMPILE_CACHE = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'towpath-tests');
const running = new Set<ChildProcess>();

/**
 * Runs a command in a process group of its own, so that what it leaves behind can be ended too, and collects its output.
 * `onStdout` sees standard output as it comes. Never throws: a command that cannot start has exit code 127.
 */
export function runProcess(
  command: readonly string[],
  timeoutMs: number,
  onStdout: (text: string) => void,
): Promise<ProcessResult> {
  const started = performance.now();
  const [file = '', ...args] = command;
  const child = spawn(file, args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: testEnvironment(timeoutMs),
  });
  running.add(child);
  let output = '';
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    endGroup(child);
  }, timeoutMs);
  const keep = (text: string) => {
    if (output.length < MAX_OUTPUT) output += text;
  };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    keep(text);
    onStdout(text);
  });
  child.stderr.setEncoding('utf8').on('data', keep);
  return new Promise((resolve) => {
    let exitCode: number | null = null;
    const finish = () => {
      clearTimeout(timer);
      running.delete(child);
      resolve({ exitCode, timedOut, output, seconds: (performance.now() - started) / 1000 });
    };
    child.on('error', (error) => {
      exitCode = 127;
      keep(`${error.message}\n`);
      finish();
    });
    child.on('exit', (code) => {
      exitCode = code;
      // What a test left running holds its pipes open and would hold us: its group ends with it.
      signalGroup(child, 'SIGKILL');
    });
    child.on('close', finish);
  });
}

/** Ends every command that is still running; used when the person at the terminal interrupts. */
export function endAll(): void {
  for (const child of running) signalGroup(child, 'SIGKILL');
}

function endGroup(child: ChildProcess): void {
  signalGroup(child, 'SIGTERM');
  setTimeout(() => signalGroup(child, 'SIGKILL'), KILL_GRACE_MS).unref();
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The whole group is gone already.
  }
}

/** TAP_TIMEOUT is tap's own limit (seconds): a little below ours, so that it can say which test hung. */
function testEnvironment(timeoutMs: number): NodeJS.ProcessEnv {
  const seconds = Math.max(1, Math.floor(timeoutMs / 1000) - 5);
  return { NODE_COMPILE_CACHE: COMPILE_CACHE, ...process.env, TAP_TIMEOUT: String(seconds) };
}
