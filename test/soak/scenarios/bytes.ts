/** Streams of bytes in all the ways in which they begin and end. */
import { receiveHalf, sendHalf } from '../byte-stream.ts';
import { between, chance, encodeOrder, GREETING, type Order, PORTS, VIRTUAL_IP, Wrong } from '../plan.ts';
import { Wire } from '../wire.ts';
import type { Scenario } from './http.ts';

type Kind = 'declared' | 'sniffed' | 'greeting';

/** Past a megabyte the proxy moves bytes inside the kernel, so both sides of that border are wanted. */
function streamSize(): number {
  if (chance(0.6)) return between(0, 20_000);
  return chance(0.8) ? between(0, 500_000) : between(900_000, 6_000_000);
}

function bytesScenario(kind: Kind, endings: () => Pick<Order, 'client' | 'server'>): Scenario {
  return async (nextStream) => {
    const stream = nextStream();
    const [up, down] = [streamSize(), streamSize()];
    const ends = endings();
    const order: Order = { stream, up, down, ...ends, resetAfter: between(0, Math.min(up, down)) };
    const wire = await Wire.dial(VIRTUAL_IP, PORTS[kind].service);
    try {
      // A polite client waits for the greeting; a hasty one speaks at once, and reads it all the same.
      const hasty = chance(0.3);
      if (kind === 'greeting' && !hasty) await readGreeting(wire);
      await wire.write(encodeOrder(order));
      if (kind === 'greeting' && hasty) await readGreeting(wire);
      return await exchange(wire, order);
    } finally {
      wire.destroy();
    }
  };
}

async function readGreeting(wire: Wire): Promise<void> {
  const text = await wire.through('\r\n');
  if (text !== GREETING.toString()) throw new Wrong(`the greeting reads ${JSON.stringify(text.slice(0, 60))}`);
}

async function exchange(wire: Wire, order: Order): Promise<number> {
  const { stream, up, down, resetAfter } = order;
  const [received, sent] = await Promise.allSettled([
    receiveHalf(
      wire,
      { stream, direction: 'down', bytes: down, resetAfter: order.server === 'reset' ? resetAfter : null },
      chance(0.05),
    ),
    sendHalf(wire, {
      stream,
      direction: 'up',
      bytes: up,
      resetAfter: order.client === 'reset' ? resetAfter : null,
    }),
  ]);
  if (received.status === 'rejected' && (order.client === 'fin' || received.reason instanceof Wrong)) {
    throw received.reason;
  }
  const resets = order.client === 'reset' || order.server === 'reset';
  if (sent.status === 'rejected' && !resets) throw sent.reason;
  return received.status === 'fulfilled' ? received.value + up : 0;
}

const bothFinish = (): Pick<Order, 'client' | 'server'> => ({ client: 'fin', server: 'fin' });
const someoneResets = (): Pick<Order, 'client' | 'server'> =>
  chance(0.5) ? { client: 'reset', server: 'fin' } : { client: 'fin', server: 'reset' };

export const declaredBytes = bytesScenario('declared', bothFinish);
export const sniffedBytes = bytesScenario('sniffed', bothFinish);
export const greetedBytes = bytesScenario('greeting', bothFinish);
export const resetBytes = bytesScenario('declared', someoneResets);
