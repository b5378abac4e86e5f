/** User-space memory of a fresh process: when it idles, and for each idle connection that it holds. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { sleep } from '../place/programs.ts';
import type { Subject, SubjectName, Variant } from '../subjects/subject.ts';
import { readRssBytes } from './process-usage.ts';

export interface Memory {
  readonly subject: SubjectName;
  readonly idleRssBytes: number;
  /** null: it relays no TCP. */
  readonly bytesPerTcpConnection: number | null;
  readonly bytesPerHttp1Connection: number;
}

/** The slope between these counts: what the first connections cost once (code, tables) is not blamed on each. */
const FEW = 1000;
const MANY = 7000; // each takes two descriptors of the proxy
const SETTLE_MS = 2000;
const CLIENT = join(import.meta.dirname, '..', 'load', 'hold-client.ts');

/** Starts and stops the subject, which must not be running. @throws Error when connections cannot be held */
export async function measureMemory(subject: Subject): Promise<Memory> {
  const http1 = await measureWork(subject, 'http1');
  const tcp = subject.cannot('tcp') === null ? await measureWork(subject, 'tcp') : null;
  return {
    subject: subject.name,
    idleRssBytes: Math.round(tcp === null ? http1.idle : (tcp.idle + http1.idle) / 2),
    bytesPerTcpConnection: tcp === null ? null : tcp.perConnection,
    bytesPerHttp1Connection: http1.perConnection,
  };
}

async function measureWork(subject: Subject, work: 'http1' | 'tcp'): Promise<{ idle: number; perConnection: number }> {
  await subject.start();
  const clients: { stop(): Promise<void> }[] = [];
  try {
    const pid = subject.pid();
    const [variant] = subject.variants(work);
    if (pid === null || variant === undefined) throw new Error(`${subject.name} has no process to measure`);
    await sleep(SETTLE_MS);
    const idle = readRssBytes(pid);
    clients.push(await hold(variant, FEW, work));
    await sleep(SETTLE_MS);
    const few = readRssBytes(pid);
    clients.push(await hold(variant, MANY - FEW, work));
    await sleep(SETTLE_MS);
    return { idle, perConnection: (readRssBytes(pid) - few) / (MANY - FEW) };
  } finally {
    for (const client of clients) await client.stop();
    await subject.stop();
  }
}

async function hold(variant: Variant, count: number, mode: 'http1' | 'tcp'): Promise<{ stop(): Promise<void> }> {
  const words = [CLIENT, variant.address, String(variant.port), String(count), mode];
  const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  let held = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      held ||= output.includes(`held ${count}`);
    });
  }
  const ended = once(child, 'exit');
  const limit = performance.now() + 60_000;
  while (!held && child.exitCode === null && performance.now() < limit) await sleep(50);
  if (!held) child.kill('SIGKILL');
  if (!held) throw new Error(`${count} connections could not be held: ${output.trim() || 'no word in 60 s'}`);
  return {
    async stop() {
      child.stdin.end();
      await ended;
    },
  };
}
