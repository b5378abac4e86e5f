/** No proxy: what the programs reach by themselves. */
import { UPSTREAM_ADDRESS, UPSTREAM_PORTS } from '../place/upstream.ts';
import type { Work } from '../rows.ts';
import type { Counts, Subject, Variant } from './subject.ts';

export class Direct implements Subject {
  readonly name = 'none';
  readonly program = null;

  async start(): Promise<void> {}
  async stop(): Promise<void> {}

  pid(): number | null {
    return null;
  }

  cannot(): string | null {
    return null;
  }

  variants(work: Work): readonly Variant[] {
    return [{ label: 'direct', address: UPSTREAM_ADDRESS, port: UPSTREAM_PORTS[work], tls: work === 'tls' }];
  }

  async counts(): Promise<Counts | null> {
    return null;
  }
}
