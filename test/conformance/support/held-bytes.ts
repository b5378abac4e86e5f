/** What the agent holds in its own memory, by the kernel's books: bytes it has read on one side and not written on the other. */
import { run } from '../../../bench/place/programs.ts';
import type { Service } from './mesh.ts';

const OUTBOUND_PORT = 15001;

interface SideBytes {
  /** Bytes that the agent has read from its sockets on that side. */
  readonly read: number;
  /** Bytes that it has written. */
  readonly written: number;
}

/** Bytes under way inside the agent since `from`, towards the client. Connections must not come or go in between. */
export class HeldBytes {
  readonly #service: Service;
  #base = 0;
  readonly #towards: 'client' | 'server';

  constructor(service: Service, towards: 'client' | 'server') {
    this.#service = service;
    this.#towards = towards;
  }

  /** Takes what is under way now as nothing. */
  async begin(): Promise<void> {
    this.#base = 0;
    this.#base = await this.now();
  }

  async now(): Promise<number> {
    const lines = (await run(['ss', '-tniHO', 'state', 'established'])).split('\n');
    const client = sumSide(lines, (local) => local.endsWith(`:${OUTBOUND_PORT}`));
    const server = sumSide(lines, (_, peer) => peer.endsWith(`127.0.0.1:${this.#service.port}`));
    const held = this.#towards === 'client' ? server.read - client.written : client.read - server.written;
    return held - this.#base;
  }

  /** The most that was held at any of many looks within `ms`. */
  async most(ms: number): Promise<number> {
    let most = 0;
    for (const end = performance.now() + ms; performance.now() < end; ) most = Math.max(most, await this.now());
    return most;
  }
}

function sumSide(lines: readonly string[], belongs: (local: string, peer: string) => boolean): SideBytes {
  let read = 0;
  let written = 0;
  for (const line of lines) {
    const [waiting = '', unsent = '', local = '', peer = ''] = line.trim().split(/\s+/);
    if (!belongs(local, peer)) continue;
    read += numberAfter(line, 'bytes_received') - Number(waiting);
    written += numberAfter(line, 'bytes_acked') + Number(unsent);
  }
  return { read, written };
}

function numberAfter(line: string, name: string): number {
  return Number(new RegExp(`\\b${name}:(\\d+)`).exec(line)?.[1] ?? 0);
}
