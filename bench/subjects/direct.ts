/** No proxy: what the programs reach by themselves. */
import { BULK_PORT, HTTP_PORT, UPSTREAM_ADDRESS } from '../place/upstream.ts';
import type { Row } from '../rows.ts';
import type { Counts, Subject, Variant } from './subject.ts';

export class Direct implements Subject {
  readonly name = 'none';

  async start(): Promise<void> {}
  async stop(): Promise<void> {}

  pid(): number | null {
    return null;
  }

  variants({ load }: Row): readonly Variant[] {
    return [{ label: 'direct', address: UPSTREAM_ADDRESS, port: load.type === 'bulk' ? BULK_PORT : HTTP_PORT }];
  }

  async counts(): Promise<Counts | null> {
    return null;
  }
}
