/** The one importer of execa: every outside program Towpath starts goes through here, without a shell. */
import { execa } from 'execa';
import { readEnvironment } from '../config/environment.ts';

export interface CommandOutcome {
  /** The program's exit status; 127 when it does not exist, 126 when it may not be run, 124 when it took too long, 137 or 143 when a signal ended it. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that stays: text goes in, output comes back in pieces, `ended` resolves when it is gone. */
export interface RunningCommand {
  /** Writes to its standard input; silently dropped when the program is gone (then `ended` has resolved). */
  write(text: string): void;
  /** Ends it with SIGKILL. */
  stop(): void;
  readonly ended: Promise<CommandOutcome>;
}

/** A hung helper program must not hang us: it is ended after this long. */
const TIME_LIMIT_MS = 30_000;
const OUTPUT_LIMIT_BYTES = 64 * 1024 * 1024;

/** Administration programs live in sbin, which a service's or an ordinary user's PATH may lack. */
function environment(): Record<string, string> {
  return { LC_ALL: 'C', PATH: `${readEnvironment()['PATH'] ?? '/usr/bin:/bin'}:/usr/local/sbin:/usr/sbin:/sbin` };
}

/**
 * Runs `file` to its end and collects what it prints. Never throws: a program that is missing, forbidden, killed or too slow
 * becomes an exit status with the reason in `stderr`. `input` is written to its standard input, which is empty otherwise.
 */
export async function runCommand(file: string, args: readonly string[], input = ''): Promise<CommandOutcome> {
  const result = await execa(file, args, {
    reject: false,
    input,
    timeout: TIME_LIMIT_MS,
    maxBuffer: OUTPUT_LIMIT_BYTES,
    stripFinalNewline: false,
    env: environment(),
  });
  return outcomeOf(result);
}

/** Runs `file` without input and throws its output away. Resolves with the exit status as in CommandOutcome; never throws. */
export async function runQuietly(file: string, args: readonly string[], timeLimitMs: number): Promise<number> {
  const result = await execa(file, args, {
    reject: false,
    stdio: 'ignore',
    timeout: Math.ceil(timeLimitMs),
    killSignal: 'SIGKILL',
    env: environment(),
  });
  return outcomeOf({ ...result, stdout: '', stderr: '' }).exitCode;
}

/**
 * Starts `file` and leaves it running; `onOutput` gets standard output and standard error as they come. The program is killed
 * with us, also when we die by SIGKILL (the kernel's parent-death signal, set by setpriv of util-linux).
 */
export function startCommand(
  file: string,
  args: readonly string[],
  onOutput: (text: string, stream: 'stdout' | 'stderr') => void,
): RunningCommand {
  // The agent's effective group differs from its real one, and then the dynamic loader ignores what stdbuf asks of it.
  const group = ['--regid', String(process.getgid?.() ?? 0), '--keep-groups'];
  const child = execa('setpriv', [...group, '--pdeathsig', 'KILL', file, ...args], {
    reject: false,
    buffer: false,
    stdin: 'pipe',
    env: environment(),
  });
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8');
    child[stream].on('data', (text: string) => onOutput(text, stream));
  }
  // A write to a program that has just died fails asynchronously; `ended` is where that is told.
  child.stdin.on('error', () => {});
  return {
    write: (text) => void child.stdin.write(text),
    stop: () => void child.kill('SIGKILL'),
    ended: child.then(outcomeOf),
  };
}

/** Starts a program of our own that outlives us, with no terminal and no pipe to us. */
export function startDetached(file: string, args: readonly string[]): void {
  const child = execa(file, args, { reject: false, detached: true, cleanup: false, stdio: 'ignore' });
  child.nodeChildProcess.unref();
}

interface EndedProcess {
  readonly exitCode?: number | undefined;
  readonly code?: string | undefined;
  readonly signal?: string | undefined;
  readonly timedOut: boolean;
  readonly shortMessage?: string | undefined;
  readonly stdout?: string | undefined;
  readonly stderr?: string | undefined;
}

function outcomeOf(ended: EndedProcess): CommandOutcome {
  const stdout = ended.stdout ?? '';
  const stderr = ended.stderr ?? '';
  if (ended.exitCode !== undefined && !ended.timedOut) return { exitCode: ended.exitCode, stdout, stderr };
  const reason = stderr === '' ? (ended.shortMessage ?? 'did not finish') : stderr;
  return { exitCode: exitCodeOf(ended), stdout, stderr: reason };
}

function exitCodeOf(ended: EndedProcess): number {
  if (ended.timedOut) return 124;
  if (ended.code === 'ENOENT') return 127;
  if (ended.code === 'EACCES') return 126;
  return ended.signal === 'SIGKILL' ? 137 : 143;
}
