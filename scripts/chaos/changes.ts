/** A stream of route changes from the operator's host, each repeated until it is acknowledged. */
import { fileURLToPath } from 'node:url';
import type { Changed } from './change-program.ts';
import { LineClient } from './line-client.ts';
import type { Mesh } from './mesh.ts';
import { route } from './topologies.ts';

const PROGRAM = fileURLToPath(new URL('change-program.ts', import.meta.url));
const ENDLESS = 1_000_000;
/** ms from the acknowledgement of a change to the next one. */
const PAUSE_MS = 50;

export class Changes {
  readonly #client: LineClient;
  readonly #mesh: Mesh;

  constructor(mesh: Mesh, pauseMs: number, limit: number = ENDLESS) {
    this.#mesh = mesh;
    const args = [mesh.servers, String(pauseMs), String(limit), route(['@N@', 1_000, 500])];
    this.#client = new LineClient(mesh.lab, mesh.operatorHost, PROGRAM, args);
  }

  async count(): Promise<number> {
    return Number(await this.#client.ask('count'));
  }

  /** The control that holds the lock. */
  async leader(): Promise<string | null> {
    const name = await this.#client.ask('leader');
    return typeof name === 'string' ? name : null;
  }

  async stealLock(): Promise<void> {
    await this.#client.ask('steal');
  }

  /** Waits until `more` further changes are acknowledged. */
  async flow(more: number): Promise<void> {
    const before = await this.count();
    await this.#mesh.lab.waitFor(`${more} further changes`, 60_000, async () => (await this.count()) >= before + more);
  }

  /** After the last change. */
  async finish(): Promise<Changed> {
    return (await this.#client.ask('finish')) as Changed;
  }

  async stop(): Promise<Changed> {
    return (await this.#client.ask('stop')) as Changed;
  }

  async end(): Promise<void> {
    await this.#client.end();
  }
}

/** Changes before, during and after `body`, whatever becomes of it. */
export async function underChanges(mesh: Mesh, body: (changes: Changes) => Promise<void>): Promise<Changed> {
  const changes = new Changes(mesh, PAUSE_MS);
  try {
    await changes.flow(5);
    await body(changes);
    return await changes.stop();
  } finally {
    await changes.end();
  }
}

export function describeChanges({ changes, slowestMs, elapsedMs }: Changed): string {
  return `${changes} changes acknowledged, ${((1_000 * changes) / elapsedMs).toFixed(0)} a second, the slowest in ${slowestMs} ms`;
}
