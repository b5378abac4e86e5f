/** A process that holds the control links of several agents, with the view store of each, but no data threads. */
import { ControlLink, type ControlLinkHandlers } from '../../src/agent/control-link.ts';
import { ViewApplier } from '../../src/agent/views/apply-views.ts';
import { ViewStore } from '../../src/agent/views/view-store.ts';
import { createLogger } from '../../src/telemetry/logger.ts';
import type { AgentsOrder, AgentsReport } from './agents-process.ts';
import { servicesOf, workloadsOf } from './manifests.ts';

const HANDLERS: ControlLinkHandlers = {
  status: async () => ({}),
  dump: async () => ({}),
  explain: async () => ({}),
  tap: async () => {},
  why: async () => ({ records: [] }),
  renewCertificates: async () => ({}),
  traffic: () => null,
  logLevel: async (level) => level,
};
/** In place of data threads: says at once that everything is in force. */
const THREADS = { post: async (): Promise<void> => undefined };

interface RunningAgent {
  readonly link: ControlLink;
  readonly store: ViewStore;
}

const agents: RunningAgent[] = [];

function start(order: Extract<AgentsOrder, { type: 'start' }>): void {
  const logger = createLogger({ name: 'agents', level: 'silent' });
  for (let agent = order.first; agent < order.first + order.count; agent++) {
    const store = new ViewStore();
    const applier = new ViewApplier(store, THREADS, () => undefined);
    const events = {
      directory: applier.directory.bind(applier),
      service: applier.service.bind(applier),
      host: applier.host.bind(applier),
      serviceRemoved: applier.serviceRemoved.bind(applier),
      state: () => undefined,
    };
    const settings = {
      servers: [order.server],
      mesh: 'default',
      host: `host-${agent}`,
      version: '0.1.0',
      credentialsFile: null,
      leaseRenewMs: 2_500,
      recheckMs: { min: 30_000, max: 60_000 },
    };
    const link = new ControlLink(settings, events, HANDLERS, logger);
    link.setWorkloads(workloadsOf(agent, order.agents, order.services, order.endpoints));
    if (order.dial) for (const key of servicesOf(agent, order.services)) link.demand(key);
    link.start();
    agents.push({ link, store });
  }
}

async function report(settle: boolean): Promise<AgentsReport> {
  if (settle) await globalThis.gc?.({ type: 'major', execution: 'async', flavor: 'last-resort' });
  const stats = agents.map(({ link }) => link.stats());
  return {
    rssBytes: process.memoryUsage.rss(),
    heapBytes: process.memoryUsage().heapUsed,
    connected: stats.filter(({ connected }) => connected).length,
    reconnects: stats.reduce((sum, { counters }) => sum + counters.reconnects, 0),
    directoryServices: Math.min(...agents.map(({ store }) => store.snapshot().directory?.services.length ?? 0)),
    complete: stats.filter(({ services }) => services.every(({ version }) => version !== null)).length,
    oldest: stats.reduce<AgentsReport['oldest']>((oldest, { acknowledged }) => {
      const { epoch, gen } = acknowledged ?? { epoch: 0, gen: 0 };
      return oldest === null || epoch < oldest.epoch || (epoch === oldest.epoch && gen < oldest.gen)
        ? { epoch, gen }
        : oldest;
    }, null),
  };
}

process.on('message', (order: AgentsOrder) => {
  if (order.type === 'start') start(order);
  else if (order.type === 'report') void report(order.settle).then((found) => process.send?.(found));
  else void Promise.all(agents.map(({ link }) => link.stop())).then(() => process.exit(0));
});
process.send?.('loaded');
process.on('disconnect', () => process.exit(0));
