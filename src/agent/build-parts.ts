/** Makes the agent's parts and puts known views in force; each part registers how it is undone. */

import { type AgentConfig, LOG_LEVELS } from '../config/agent-config.ts';
import { programListeners } from '../config/program-listeners.ts';
import { UserError } from '../core/errors.ts';
import type { PublicJwk } from '../core/json-web-keys.ts';
import { INBOUND_DIAL_MARK, InterceptionKeeper, type KeeperEvent } from '../intercept/index.ts';
import { Exemplars } from '../telemetry/exemplars.ts';
import { type Logger, type LoggerLevel, setLevel } from '../telemetry/logger.ts';
import { ProcessMetrics } from '../telemetry/process-metrics.ts';
import type { AgentOptions } from './agent-options.ts';
import type { AgentParts, Phase } from './agent-parts.ts';
import { chooseSource } from './choose-source.ts';
import type { ControlLinkHandlers } from './control-types.ts';
import { type DataThreads, startDataThreads } from './data-threads.ts';
import { type DnsServer, openDns } from './dns/dns-server.ts';
import { detectIpv6 } from './host/detect-ipv6.ts';
import { FollowedNames } from './host/follow-names.ts';
import { findHostAddress } from './host/host-address.ts';
import { loadIdentityKeeper, renewCertificates } from './identity/load-identity-keeper.ts';
import { interceptionSettings } from './interception-settings.ts';
import { linkedWorkload, localWorkloads } from './local-workloads.ts';
import { checkEndpoint } from './probes/check-endpoint.ts';
import { EndpointChecks } from './probes/endpoint-checks.ts';
import { dialMarked, dialPlain, type ProbeDial } from './probes/probe-socket.ts';
import { ProbeRunner } from './probes/run-probes.ts';
import { QuotaKeeper } from './quota/quota-keeper.ts';
import type { AgentRecords } from './records/agent-records.ts';
import { startRecords } from './records/start-records.ts';
import { reportDump, reportExplain, reportStatus, reportWhy } from './report-agent.ts';
import { reportKeeperEvent } from './report-keeper-event.ts';
import { reportTraffic } from './report-metrics.ts';
import { fetchKeys } from './tokens/fetch-keys.ts';
import { FollowedKeys } from './tokens/followed-keys.ts';
import type { ViewSource } from './view-source.ts';
import { ViewApplier } from './views/apply-views.ts';
import { ViewStore } from './views/view-store.ts';
import { StallWatch } from './watch-data-threads.ts';

/** @throws UserError in words: unusable files or directories, a workload without an address, a port that is taken. */
export async function buildParts(
  options: AgentOptions,
  logger: Logger,
  phase: () => Phase,
  undo: AsyncDisposableStack,
): Promise<AgentParts> {
  const { config } = options;
  const ipv6 = detectIpv6(config.interception.ipv6);
  const workloads = localWorkloads(config, findHostAddress());
  const store = new ViewStore();
  let parts: AgentParts | null = null;
  const handlers = commandHandlers(() => parts, logger);
  const { source, held, saver } = await chooseSource(options, handlers, store, logger);
  const threads = await startThreads(options, ipv6, logger);
  const exemplars = new Exemplars();
  const records = await startRecords(options, threads, exemplars, undo);

  const [checks, quotas] = [makeChecks(threads, logger, undo), makeQuotas(threads, undo)];
  const behind = quotas.behind(checks.behind(threads));
  const applier = makeApplier(store, threads, behind, () => saver?.changed(), logger, undo);
  await applier.replay(held);
  const register = (): void => void (parts !== null && registerWorkloads(parts));
  const identities = await loadIdentityKeeper(options, checks.behind(threads), register, logger, undo);
  undo.defer(() => source.stop());
  const here = workloads.map((workload) => linkedWorkload(workload, false, config.locality));
  await source.start(applier, here);
  useSource(source, quotas, records);
  answerNeeds(threads, applier, source, logger);

  const dns = await startDns(config, ipv6, store, logger, undo);
  const keeper = makeKeeper(config, ipv6, logger);
  const stallWatch = makeStallWatch(threads, keeper, logger, undo);
  const probes = new ProbeRunner(workloads, probeDial(config), register, logger);
  undo.defer(() => probes.stop());
  const processMetrics = undo.adopt(new ProcessMetrics(options.version), (metrics) => metrics.stop());
  const traffic = { store, threads, source, saver, keeper, dns, stallWatch, checks, quotas, identities };
  const watched = { probes, records, processMetrics, exemplars };
  parts = { options, logger, ...traffic, ...watched, workloads, phase };
  return parts;
}

/** Tokens come from there, and lines of the log go there. */
function useSource(source: ViewSource, quotas: QuotaKeeper, records: AgentRecords): void {
  quotas.use(source.leases());
  records.use((about) => source.logs(about));
}

/** What is resolved of endpoints' names goes to the data threads by itself. */
function makeApplier(
  store: ViewStore,
  threads: DataThreads,
  behind: Pick<DataThreads, 'post'>,
  onChange: () => void,
  logger: Logger,
  undo: AsyncDisposableStack,
): ViewApplier {
  const names = new FollowedNames((addresses) => {
    threads.post({ type: 'endpoint-names', addresses }).catch((error: Error) => {
      logger.error({ hosts: Object.keys(addresses), reason: error.message }, 'addresses could not be put in force');
    });
  });
  undo.defer(() => names.stop());
  const tell = (url: string, keys: readonly PublicJwk[]) => threads.post({ type: 'json-web-keys', url, keys });
  const keys = new FollowedKeys(fetchKeys, tell, logger);
  undo.defer(() => keys.stop());
  threads.onStaleKeys((url) => keys.refresh(url));
  return new ViewApplier(store, behind, onChange, names, keys);
}

function makeQuotas(threads: DataThreads, undo: AsyncDisposableStack): QuotaKeeper {
  let keeper: QuotaKeeper | null = null;
  const table = threads.onQuota((message) => keeper?.heard(message));
  const made = new QuotaKeeper(table, (message) => threads.post(message));
  keeper = made;
  undo.defer(() => made.stop());
  return made;
}

function makeStallWatch(
  threads: DataThreads,
  keeper: InterceptionKeeper | null,
  logger: Logger,
  undo: AsyncDisposableStack,
): StallWatch {
  const lease = { pause: () => keeper?.pauseLease(), resume: () => keeper?.resumeLease() };
  const stallWatch = new StallWatch(() => threads.heartbeatAgeMs(), lease, logger);
  undo.defer(() => stallWatch.stop());
  return stallWatch;
}

function makeChecks(threads: DataThreads, logger: Logger, undo: AsyncDisposableStack): EndpointChecks {
  const checks = new EndpointChecks({
    check: checkEndpoint,
    tell: (message) => threads.post(message),
    random: Math.random,
    logger,
  });
  undo.defer(() => checks.stop());
  return checks;
}

/** null: no query comes to us. */
async function startDns(
  { interception, dns, workloads }: AgentConfig,
  ipv6: boolean,
  store: ViewStore,
  logger: Logger,
  undo: AsyncDisposableStack,
): Promise<DnsServer | null> {
  if (!interception.enabled || !dns.capture) return null;
  const namespaces = workloads.map(({ namespace }) => namespace);
  const server = await openDns({ port: dns.port, ipv6, namespaces }, () => store.directory());
  undo.defer(() => server.close());
  if (!server.knowsDestinations)
    logger.warn(
      'the kernel lacks nf_conntrack_netlink: DNS queries go to the nameservers of resolv.conf, whomever they were for',
    );
  return server;
}

/** null: no rules are wanted. Nothing is installed yet. */
function makeKeeper(config: AgentConfig, ipv6: boolean, logger: Logger): InterceptionKeeper | null {
  if (!config.interception.enabled) return null;
  const onEvent = (event: KeeperEvent): void => reportKeeperEvent(event, logger);
  return new InterceptionKeeper(interceptionSettings(config, ipv6), { onEvent });
}

/** Setting a mark needs the privileges that an agent without interception may lack, and does not need. */
function probeDial(config: AgentConfig): ProbeDial {
  return config.interception.enabled ? dialMarked(INBOUND_DIAL_MARK) : dialPlain;
}

/** Tells the source which programs run here, which of them are healthy, and what they can prove to be. */
export function registerWorkloads({ workloads, probes, source, options, identities }: AgentParts): void {
  const { locality } = options.config;
  const linked = workloads.map((workload) => {
    const { namespace, serviceAccount } = workload.config;
    const identity = identities?.identityOf(namespace, serviceAccount);
    return linkedWorkload(workload, probes.isHealthy(workload), locality, identity);
  });
  source.setWorkloads(linked);
}

/** Workloads without an own probe take that of their WorkloadGroup. */
export function followGroups({ workloads, probes, source }: AgentParts): void {
  const groups = workloads.flatMap(({ probe, group }) => (probe === null && group !== undefined ? [group] : []));
  source.followGroups([...new Set(groups)], (table) => probes.setGroups(table));
}

async function startThreads({ config }: AgentOptions, ipv6: boolean, logger: Logger): Promise<DataThreads> {
  const { dataThreads, ports, limits, locality, metrics } = config;
  const { outbound: outboundPort, inbound: inboundPort, explicit: explicitPort } = ports;
  const seriesIdleMs = metrics.idleSeconds * 1000;
  const settings = {
    count: dataThreads,
    outboundPort,
    inboundPort,
    explicitPort,
    ipv6,
    limits,
    locality,
    seriesIdleMs,
    programs: programListeners(config),
  };
  const threads = await startDataThreads(settings, logger);
  threads.onLog(({ level, message, fields }) => logger[level](fields, message));
  return threads;
}

/** A connection waits in the data thread for the answer; without one it times out there. */
function answerNeeds(threads: DataThreads, applier: ViewApplier, source: ViewSource, logger: Logger): void {
  threads.onNeed((key) => {
    applier.repeat(key).then(
      (held) => {
        if (!held) source.demand(key);
      },
      (error: Error) => logger.error({ service: key, reason: error.message }, 'a view could not be applied'),
    );
  });
}

function commandHandlers(current: () => AgentParts | null, logger: Logger): ControlLinkHandlers {
  const parts = (): AgentParts => {
    const built = current();
    if (built === null) throw new UserError({ code: 'TWP2403', message: 'the agent is starting; ask again' });
    return built;
  };
  return {
    status: async () => reportStatus(parts()),
    dump: async () => reportDump(parts()),
    explain: async (body) => reportExplain(parts(), body),
    why: async (id) => reportWhy(parts(), id),
    tap: async (request, say) => parts().records.tap(request, say),
    renewCertificates: async () => renewCertificates(parts()),
    traffic: () => current() && reportTraffic(parts()),
    logLevel: async (level) => changeLogLevel(logger, level),
  };
}

/** @throws UserError when there is no such level. */
export function changeLogLevel(logger: Logger, level: string): LoggerLevel {
  const known = LOG_LEVELS.find((one) => one === level);
  if (known === undefined) {
    throw new UserError({ code: 'TWP2404', message: `"${level}" is no log level; there are ${LOG_LEVELS.join(', ')}` });
  }
  setLevel(logger, known);
  return known;
}
