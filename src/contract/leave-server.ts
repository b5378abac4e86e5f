import type { NatsConnection } from './bus.ts';

/** Clients leave a server that is about to stop within this time: its grace period is 10 s. */
const LEAVE_SPREAD_MS = 5_000;

/** Lame duck mode: another server of the cluster is dialled before this one stops, by every client at a time of its own. */
export function leaveServer(client: NatsConnection): void {
  const timer = setTimeout(() => {
    if (!client.isClosed()) void client.reconnect().catch(() => {});
  }, Math.random() * LEAVE_SPREAD_MS);
  timer.unref();
}
