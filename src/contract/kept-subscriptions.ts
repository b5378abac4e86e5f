import { type NatsConnection, toMessage, type WantedSubscription } from './bus.ts';
import type { BusMessage, Unsubscriber } from './bus-types.ts';

/** What is subscribed to, whatever becomes of the client: a new one gets all of it again. */
export class KeptSubscriptions {
  readonly #wanted = new Set<WantedSubscription>();

  /** `client` is null while there is none. */
  add(
    client: NatsConnection | null,
    subject: string,
    handler: (message: BusMessage) => void,
    queue: string | undefined,
  ): Unsubscriber {
    const wanted: WantedSubscription = { subject, queue, handler, live: null };
    this.#wanted.add(wanted);
    if (client !== null && !client.isClosed()) activate(wanted, client);
    return {
      unsubscribe: () => {
        this.#wanted.delete(wanted);
        wanted.live?.unsubscribe();
      },
      drain: () => {
        this.#wanted.delete(wanted);
        const { live } = wanted;
        // Rejected only where the connection is gone, and all subscriptions with it.
        if (live !== null && !live.isClosed()) void live.drain().catch(() => undefined);
      },
    };
  }

  /** A client took the place of the one before. */
  moveTo(client: NatsConnection): void {
    for (const wanted of this.#wanted) activate(wanted, client);
  }
}

function activate(wanted: WantedSubscription, client: NatsConnection): void {
  wanted.live = client.subscribe(wanted.subject, {
    ...(wanted.queue === undefined ? {} : { queue: wanted.queue }),
    callback: (error, message) => {
      if (error === null) wanted.handler(toMessage(message));
    },
  });
}
