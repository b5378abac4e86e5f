/** The request that is being decided on, as far as the choice of an endpoint goes by it. One object of a thread, refilled for each. */
import type { SockAddr } from '../../reactor/socket-address.ts';
import type { MessageHead } from '../codec/message-head.ts';
import type { Affinity } from './affinity.ts';
import { NO_KEY } from './pick-context.ts';

export class AskedRequest {
  client: SockAddr | null = null;
  /** What the program dialled, or named as an address; null: it named a host. */
  destination: SockAddr | null = null;
  /** null: nothing can be read of it. Offsets refer to `bytes`. */
  head: MessageHead | null = null;
  bytes: Buffer = Buffer.alloc(0);
  /** Results of the choice: what consistent hashing went by, and what the answer must tell. */
  key = NO_KEY;
  affinity: Affinity | null = null;

  note(client: SockAddr | null, destination: SockAddr | null, head: MessageHead, bytes: Buffer): void {
    this.client = client;
    this.destination = destination;
    this.head = head;
    this.bytes = bytes;
    this.key = NO_KEY;
    this.affinity = null;
  }
}
