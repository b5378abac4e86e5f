/** What main tells a data thread, put in force for the next connection and request. */
import type { FromDataThread, ToDataThread } from '../contract/data-thread.ts';
import { serviceKey } from '../contract/views.ts';
import type { Callers } from './callers.ts';
import type { Context } from './context.ts';
import { drainIdle } from './drain.ts';
import { dumpState } from './dump-state.ts';
import { endForbidden } from './end-forbidden.ts';
import { explainRequest } from './explain/explain-request.ts';
import type { ViewWaiters } from './view-waiters.ts';

/** What messages change of a data thread. */
export interface MessageTargets {
  readonly context: Context;
  /** Programs with an identity of their own have tables of their own. */
  readonly callers: Callers;
  /** Connections that wait for the view of a service, and requests that wait for the address of a host. */
  readonly waiters: ViewWaiters;
  readonly nameWaiters: ViewWaiters;
  /** From now on it is draining, and accepts nothing. */
  readonly beginDrain: () => void;
  /** What becomes of certificates is told in the answer. */
  readonly useIdentity: (message: Extract<ToDataThread, { type: 'identity' }>) => void;
  readonly post: (message: FromDataThread) => void;
}

export function applyMessage(targets: MessageTargets, message: ToDataThread): void {
  const { context, callers, waiters, nameWaiters, post } = targets;
  const { reactor } = context;
  switch (message.type) {
    case 'directory':
      return callers.each((table) => table.setDirectory(message.services, message.egress));
    case 'endpoint-names':
      return callers.each((table) => table.setEndpointNames(message.addresses));
    case 'service':
      return useService(callers, waiters, message);
    case 'service-removed':
      return removeService(callers, waiters, message);
    case 'inbound':
      return callers.setInbound(message.workloads);
    case 'host':
      return useHost(context, message);
    case 'identity':
      return targets.useIdentity(message);
    case 'json-web-keys':
      return context.hostPolicies.setKeys(message.url, message.keys);
    case 'quota-slot':
    case 'quota-filled':
      return context.rateLimits.heard(message);
    case 'resolved':
      return useName(context, nameWaiters, message);
    case 'endpoint-health':
      return callers.each(({ healths }) => healths.check(message.cluster, message.address, message.passes));
    case 'series-places':
      return context.counters[message.what](message.indices);
    case 'telemetry':
      return context.journal.setRules(message.rules);
    case 'drain':
      return drain(targets);
    case 'stop':
      return reactor.stop();
    case 'dump':
    case 'explain':
      return report(context, message, post);
  }
}

function useService(
  callers: Callers,
  waiters: ViewWaiters,
  { service }: Extract<ToDataThread, { type: 'service' }>,
): void {
  for (const table of callers.tables()) table.setService(service);
  waiters.settle(serviceKey(service.namespace, service.name), true);
}

function removeService(
  callers: Callers,
  waiters: ViewWaiters,
  { key }: Extract<ToDataThread, { type: 'service-removed' }>,
): void {
  for (const table of callers.tables()) table.removeService(key);
  waiters.settle(key, false);
}

function useName(
  { explicit, reactor }: Context,
  nameWaiters: ViewWaiters,
  { name, addresses, problem }: Extract<ToDataThread, { type: 'resolved' }>,
): void {
  explicit.names.put(name, addresses, problem, reactor.now);
  nameWaiters.settle(name, true);
}

function useHost(context: Context, { view }: Extract<ToDataThread, { type: 'host' }>): void {
  if (context.hostPolicies.set(view)) context.rateLimits.set(view);
  endForbidden(context);
}

function drain({ beginDrain, context }: MessageTargets): void {
  beginDrain();
  drainIdle(context);
}

function report(
  context: Context,
  message: Extract<ToDataThread, { type: 'dump' | 'explain' }>,
  post: (message: FromDataThread) => void,
): void {
  const { sequence } = message;
  if (message.type === 'dump') return post({ type: 'dump', sequence, state: dumpState(context) });
  explainRequest(context, message.question, (answer) => post({ type: 'explained', sequence, answer }));
}
