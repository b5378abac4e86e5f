/** A proxy that is compared with Towpath: one process with a configuration file, behind redirect rules like Towpath's. */

import type { Door } from '../place/addresses.ts';
import { virtualAddress } from '../place/addresses.ts';
import type { Certificate } from '../place/certificate.ts';
import { Program } from '../place/programs.ts';
import { redirect } from '../place/redirect.ts';
import { answers } from '../place/upstream.ts';
import type { Work } from '../rows.ts';
import type { Counts, ProxyName, Subject, Variant } from './subject.ts';

export interface PeerPlace {
  /** For configuration, sockets and logs. */
  readonly folder: string;
  readonly certificate: Certificate;
}

/** How one peer differs from the others. */
export interface PeerShape {
  readonly name: ProxyName;
  readonly doors: readonly Door[];
  /** Work that it cannot do, and why. */
  readonly lacks: Readonly<Partial<Record<Work, string>>>;
  /** Ways in which it does a work, when there are several or the only one has a name. */
  readonly ways: Readonly<Partial<Record<Work, readonly { readonly label: string; readonly door: Door }[]>>>;
  /** Writes its configuration; returns the command that starts it. */
  prepare(): readonly string[];
  /** Proves, when it serves, what its counters do not tell. @throws Error in words */
  check(): Promise<void>;
  counts(work: Work): Promise<Counts | null>;
}

export class Peer implements Subject {
  readonly name: ProxyName;
  readonly program: string;
  readonly #shape: PeerShape;
  readonly #command: readonly string[];
  #program: Program | null = null;

  /** @param pinned command that places a process on the proxy's core */
  constructor(shape: PeerShape, pinned: readonly string[]) {
    this.#shape = shape;
    this.name = shape.name;
    const command = shape.prepare();
    this.program = command[0] ?? '';
    this.#command = [...pinned, ...command];
    redirect(shape.name, shape.doors);
  }

  async start(): Promise<void> {
    this.#program = new Program(this.name, this.#command);
    const { address } = virtualAddress(this.name, 'http1');
    await this.#program.until('it served', () => answers(`http://${address}/`));
    await this.#shape.check();
  }

  async stop(): Promise<void> {
    await this.#program?.stop();
    this.#program = null;
  }

  pid(): number | null {
    return this.#program?.pid ?? null;
  }

  cannot(work: Work): string | null {
    return this.#shape.lacks[work] ?? null;
  }

  variants(work: Work): readonly Variant[] {
    const ways = this.#shape.ways[work] ?? [{ label: work, door: work }];
    return ways.map(({ label, door }) => ({ label, ...virtualAddress(this.name, door), tls: false }));
  }

  async counts(work: Work): Promise<Counts | null> {
    return this.#shape.counts(work);
  }
}
