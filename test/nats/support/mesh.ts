/** A control and agents' links on a real server, with short times, for tests. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ControlLink,
  type ControlLinkEvents,
  type ControlLinkHandlers,
  type ControlLinkSettings,
  type LinkedWorkload,
} from '../../../src/agent/control-link.ts';
import type { Bus } from '../../../src/contract/bus-types.ts';
import type { FailureRecord } from '../../../src/contract/failure-record.ts';
import type { HostView } from '../../../src/contract/host-view.ts';
import { connectOnce } from '../../../src/contract/open-bus.ts';
import type { DirectoryView, ServiceKey, ServiceView } from '../../../src/contract/views.ts';
import type { CertificateSettings } from '../../../src/control/ca/settings.ts';
import { type RunningControl, runControl } from '../../../src/control/main.ts';
import type { ControlSettings } from '../../../src/control/settings.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { failureRecord } from '../../helpers/failure-record.ts';

/** Each agent knows one failure, of the request `r-1`. */
function knownFailure(host: string, id: string): FailureRecord[] {
  const record = failureRecord({ id: `0123456789${host}-1`, host });
  return id === record.id || id === record.requestId ? [record] : [];
}

export const LEASE_TTL_MS = 1_000;
const level = process.env['TOWPATH_TEST_LOG'] === undefined ? 'silent' : 'debug';

/** `url`: one server, or several separated by commas. */
export function startControl(
  url: string,
  id = 'test',
  leaseTtlMs = LEASE_TTL_MS,
  certificates: CertificateSettings | null = null,
  access: Partial<ControlSettings> = {},
): Promise<RunningControl> {
  return runControl(
    {
      servers: url.split(','),
      mesh: 'default',
      credentialsFile: null,
      id,
      version: '0.1.0',
      http: { address: '127.0.0.1', port: 0 },
      leaseTtlMs,
      replicas: 'auto',
      reconcileMs: 500,
      certificates,
      ...access,
    },
    createLogger({ name: `control-${id}`, level }),
  );
}

/** A link with a memory of what it was told, in place of an agent. */
export interface TestAgent {
  readonly link: ControlLink;
  readonly services: Map<ServiceKey, ServiceView>;
  directory: DirectoryView | null;
  /** The view of its host. */
  own: HostView | null;
  /** Set to make the agent turn down the next views. */
  refuse: string | null;
  states: string[];
  /** How often a view was handed over. */
  calls: number;
  /** What `towpath cert renew` does here. */
  renew: () => Promise<void>;
  /** What `towpath tap` does here. */
  tap: ControlLinkHandlers['tap'];
}

export function startAgent(
  url: string,
  host: string,
  workloads: readonly LinkedWorkload[] = [],
  access: Partial<ControlLinkSettings> = {},
): TestAgent {
  const take = async (apply: () => void): Promise<void> => {
    agent.calls++;
    if (agent.refuse !== null) throw new Error(agent.refuse);
    apply();
  };
  const events: ControlLinkEvents = {
    directory: (view) =>
      take(() => {
        agent.directory = view;
      }),
    service: (view) => take(() => void agent.services.set(`${view.namespace}/${view.name}`, view)),
    host: (view) =>
      take(() => {
        agent.own = view;
      }),
    serviceRemoved: async (key) => void agent.services.delete(key),
    state: (state) => void agent.states.push(state),
  };
  const handlers: ControlLinkHandlers = {
    status: async () => ({ host, services: agent.services.size }),
    dump: async () => ({ services: [...agent.services.keys()] }),
    explain: async (body) => ({ host, asked: body }),
    why: async (id) => ({ records: knownFailure(host, id) }),
    tap: (request, say) => agent.tap(request, say),
    renewCertificates: async () => {
      await agent.renew();
      return { host };
    },
    traffic: () => null,
    logLevel: async (wanted) => {
      if (!['debug', 'info'].includes(wanted)) throw new Error(`"${wanted}" is no log level`);
      return wanted;
    },
  };
  const settings = {
    servers: url.split(','),
    mesh: 'default',
    host,
    version: '0.1.0',
    credentialsFile: null,
    leaseRenewMs: LEASE_TTL_MS / 4,
    recheckMs: { min: 1_000, max: 1_500 },
    ...access,
  };
  const link = new ControlLink(settings, events, handlers, createLogger({ name: `agent-${host}`, level }));
  const agent: TestAgent = {
    link,
    services: new Map(),
    directory: null,
    own: null,
    refuse: null,
    states: [],
    calls: 0,
    renew: async () => {},
    tap: async () => {},
  };
  link.setWorkloads(workloads);
  link.start();
  return agent;
}

/** Writes down whatever must never happen to an agent's views: a step back, or fewer endpoints than `least`. */
export function watchViews(
  agent: TestAgent,
  least: number,
): { readonly faults: string[]; least: number; stop(): void } {
  const faults: string[] = [];
  let newest = { epoch: 0, gen: 0 };
  const timer = setInterval(() => {
    const view = agent.services.get('shop/orders');
    if (view === undefined) return;
    const { epoch, gen } = view.version;
    if (epoch < newest.epoch || (epoch === newest.epoch && gen < newest.gen)) {
      faults.push(`from ${newest.epoch}.${newest.gen} back to ${epoch}.${gen}`);
    }
    newest = { epoch, gen };
    const endpoints = view.clusters['shop/orders:80']?.endpoints.length ?? 0;
    if (endpoints < watch.least) faults.push(`${endpoints} endpoints at ${epoch}.${gen}`);
  }, 2);
  const watch = { faults, least, stop: () => clearInterval(timer) };
  return watch;
}

export function workload(
  name: string,
  address: string,
  labels: Record<string, string> = { app: 'orders' },
): LinkedWorkload {
  return { namespace: 'shop', name, labels, address, ports: { http: 8080 }, weight: 1, healthy: true };
}

/** Stands for operators: a bus of its own. */
export function operator(url: string): Promise<Bus> {
  return connectOnce(
    { servers: url.split(','), name: 'test', inboxId: 'operator', credentialsFile: null, reads: 'leader' },
    10_000,
  );
}

/** Waits for a condition; throws with its name when it does not come true. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 30_000,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    if (await condition()) return;
    if (performance.now() > deadline) throw new Error(`did not happen within ${timeoutMs} ms: ${what}`);
    await sleep(10);
  }
}

export const ORDERS = `
apiVersion: v1
kind: Service
metadata: {name: orders, namespace: shop}
spec:
  selector: {app: orders}
  ports: [{name: http, port: 80, targetPort: 8080, appProtocol: http}]
`;

/** A route of `orders` whose request timeout tells the versions apart. */
export function route(timeout: string, name = 'orders'): string {
  return `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: ${name}, namespace: shop}
spec:
  parentRefs: [{group: "", kind: Service, name: orders}]
  rules:
    - timeouts: {request: ${timeout}}
      backendRefs: [{name: orders, port: 80}]
`;
}
