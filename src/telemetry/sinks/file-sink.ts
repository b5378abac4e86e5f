/**
 * Lines for a file, a named pipe or standard output. Opened without blocking, so that a pipe that nobody reads cannot hold up a
 * thread; one write is under way at a time; what waits is bounded, and what finds no room is dropped and counted.
 */
import { constants } from 'node:fs';
import { type FileHandle, open as openFile, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { atMost } from './at-most.ts';
import type { LineSink, SinkCounts } from './sink.ts';

/** Bytes that wait for a slow file. */
const MOST_WAITING = 8 * 1024 * 1024;
/** What waits is gathered in buffers of this size, which are used again: one write for many lines, and no new memory for it. */
const CHUNK = 512 * 1024;
/** Kept for what is to come. */
const SPARE_CHUNKS = 2;
/** A file that cannot be opened or written is tried again after this time; a full pipe sooner. */
const RETRY_MS = 1_000;
const FULL_PIPE_MS = 20;
/** How often it is looked whether the file was moved away. */
const LOOK_MS = 5_000;
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;
const MODE = 0o640;

/** What lines are written to. */
export type Output = Pick<FileHandle, 'stat' | 'close'> & {
  write(bytes: Buffer, from: number): Promise<{ readonly bytesWritten: number }>;
};

interface Batch {
  readonly bytes: Buffer;
  /** Of bytes and of lines that are in it. */
  length: number;
  count: number;
}

export class FileSink implements LineSink {
  readonly name: string;
  readonly #path: string;
  readonly #waiting: Batch[] = [];
  #waitingBytes = 0;
  /** Is being written: nothing is put into it any more. */
  #busy: Batch | null = null;
  readonly #spare: Buffer[] = [];
  readonly #open: (path: string) => Promise<Output>;
  #handle: Output | null = null;
  readonly #lookMs: number;
  #inode = 0;
  #lookedAt = 0;
  #closed = false;
  /** What is under way. */
  #work: Promise<void> | null = null;
  #written = 0;
  #dropped = 0;
  #problem = '';

  /** @param name for metrics @param path absolute @param lookMs how often it is looked whether it was moved away */
  constructor(
    name: string,
    path: string,
    open: (path: string) => Promise<Output> = openAppending,
    lookMs: number = LOOK_MS,
  ) {
    this.#open = open;
    this.#lookMs = lookMs;
    this.name = name;
    this.#path = path;
  }

  write(lines: Uint8Array, count: number): void {
    if (this.#closed || this.#waitingBytes + lines.length > MOST_WAITING) {
      this.#dropped += count;
      return;
    }
    const batch = this.#roomFor(lines.length);
    batch.bytes.set(lines, batch.length);
    batch.length += lines.length;
    batch.count += count;
    this.#waitingBytes += lines.length;
    this.#work ??= this.#run().finally(() => {
      this.#work = null;
    });
  }

  #roomFor(length: number): Batch {
    const last = this.#waiting.at(-1);
    if (last !== undefined && last !== this.#busy && last.length + length <= last.bytes.length) return last;
    const spare = length > CHUNK ? undefined : this.#spare.pop();
    const bytes = spare ?? Buffer.allocUnsafeSlow(Math.max(CHUNK, length));
    const batch = { bytes, length: 0, count: 0 };
    this.#waiting.push(batch);
    return batch;
  }

  counts(): SinkCounts {
    return { written: this.#written, dropped: this.#dropped, problem: this.#problem };
  }

  async close(ms: number): Promise<void> {
    await atMost(ms, this.#work);
    this.#closed = true;
    this.#dropAll();
    await this.#close();
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      const batch = this.#waiting[0];
      if (batch === undefined) return;
      this.#busy = batch;
      if (!(await this.#deliver(batch.bytes.subarray(0, batch.length)))) continue;
      // Dropped meanwhile, when the sink was closed.
      if (this.#waiting[0] !== batch) return;
      this.#waiting.shift();
      this.#busy = null;
      this.#waitingBytes -= batch.length;
      this.#written += batch.count;
      if (batch.bytes.length === CHUNK && this.#spare.length < SPARE_CHUNKS) this.#spare.push(batch.bytes);
    }
  }

  /** False: it is tried again from its beginning, after a pause. */
  async #deliver(bytes: Buffer): Promise<boolean> {
    let sent = 0;
    try {
      const handle = await this.#opened();
      while (sent < bytes.length && !this.#closed) {
        try {
          sent += (await handle.write(bytes, sent)).bytesWritten;
        } catch (error) {
          // A reader that has stopped reading: it may go on, and the rest of the line belongs behind what it has got.
          if (codeOf(error) !== 'EAGAIN') throw error;
          this.#problem = 'nobody reads the pipe';
          await sleep(FULL_PIPE_MS, undefined, { ref: false });
        }
      }
      this.#problem = '';
      return true;
    } catch (error) {
      this.#problem = reasonOf(error);
      await this.#close();
      await sleep(RETRY_MS, undefined, { ref: false });
      // What was written of it must not be written twice.
      return sent > 0 ? this.#lose() : false;
    }
  }

  /** The batch in hand is lost. */
  #lose(): boolean {
    const batch = this.#waiting[0];
    if (batch === undefined) return true;
    this.#dropped += batch.count;
    this.#written -= batch.count;
    return true;
  }

  async #opened(): Promise<Output> {
    if (this.#handle !== null && (await this.#wasMoved())) await this.#close();
    if (this.#handle === null) {
      this.#handle = await this.#open(this.#path);
      this.#inode = (await this.#handle.stat()).ino;
      this.#lookedAt = performance.now();
    }
    return this.#handle;
  }

  /** Rotated: the path leads to another file, or to none. */
  async #wasMoved(): Promise<boolean> {
    if (performance.now() - this.#lookedAt < this.#lookMs) return false;
    this.#lookedAt = performance.now();
    const found = await stat(this.#path).catch(() => null);
    return found?.ino !== this.#inode;
  }

  async #close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = null;
    await handle?.close().catch(() => {});
  }

  #dropAll(): void {
    for (const { count } of this.#waiting.splice(0)) this.#dropped += count;
    this.#waitingBytes = 0;
  }
}

/** Without blocking: a pipe that nobody reads is an error at once. */
export function openAppending(path: string): Promise<Output> {
  return openFile(path, FLAGS, MODE);
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}

function reasonOf(error: unknown): string {
  switch (codeOf(error)) {
    case 'ENXIO':
      return 'nobody reads the pipe';
    case 'ENOSPC':
      return 'the disk is full';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
