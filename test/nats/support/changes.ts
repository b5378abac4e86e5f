/** An operator who never gives up: every change is repeated under its own id until control acknowledges it. */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus, BusMessage } from '../../../src/contract/bus-types.ts';
import { openBus } from '../../../src/contract/open-bus.ts';

const PREFIX = 'towpath.v1.default.control';
const APPLY_MS = 15_000;

export interface Operator {
  readonly bus: Bus;
  /** Resolves once control says that it is stored and published. Throws when that takes longer than a minute. */
  apply(
    text: string,
  ): Promise<{ readonly requestId: string; readonly epoch: number; readonly gen: number; readonly tries: number }>;
  close(): Promise<void>;
}

export function stubbornOperator(url: string): Operator {
  const settings = {
    servers: url.split(','),
    name: 'test',
    inboxId: 'stubborn',
    credentialsFile: null,
    allowOpen: true,
  } as const;
  const bus = openBus({ ...settings, reads: 'leader' }, () => {});
  return {
    bus,
    apply: async (text) => {
      const requestId = randomUUID();
      const deadline = performance.now() + 60_000;
      for (let tries = 1; performance.now() < deadline; tries++) {
        const answer = await tryOnce(bus, text, requestId);
        if (answer !== null) return { requestId, ...answer, tries };
        await sleep(100);
      }
      throw new Error(`nobody acknowledged the change within a minute: ${text.slice(0, 200)}`);
    },
    close: () => bus.close(),
  };
}

async function tryOnce(bus: Bus, text: string, requestId: string): Promise<{ epoch: number; gen: number } | null> {
  const headers = { 'Towpath-Request-Id': requestId, 'Towpath-Author': 'stubborn' };
  let reply: BusMessage;
  try {
    reply = await bus.request(`${PREFIX}.resource.apply`, text, APPLY_MS, headers);
  } catch {
    return null;
  }
  const code = reply.header('Nats-Service-Error-Code');
  // 4xx: it is our own fault, and would be the next time.
  if (code.startsWith('4') && code !== '409') throw new Error(`${code}: ${reply.text()}`);
  return code === '' ? JSON.parse(reply.text()) : null;
}
