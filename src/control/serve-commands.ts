import type { BusMessage } from '../contract/bus-types.ts';
import { decodeJson, MAX_RECORD_BYTES } from '../contract/decode.ts';
import { type MetricsReply, metricsQuerySchema } from '../contract/mesh-metrics.ts';
import { REQUEST_ID_HEADER, type StatusReply, waitRequestSchema } from '../contract/messages.ts';
import { type MicroEndpoint, serveMicro } from '../contract/micro.ts';
import { CONTROL_SERVICE } from '../contract/subjects.ts';
import { agentCommands } from './agent-commands.ts';
import { analyzeMesh } from './analyze-mesh.ts';
import { answerRequest } from './answer-request.ts';
import { backUpMesh } from './back-up.ts';
import { applyResources, deleteResources } from './change-resources.ts';
import { confirmRemoval } from './confirm-removal.ts';
import type { ControlParts } from './control-parts.ts';
import { describeOne } from './describe-one.ts';
import { diffResources } from './diff-resources.ts';
import { answerJoin, createToken, listTokens, revokeHost, revokeToken } from './join/join-commands.ts';
import { listQuotas } from './quota/list-quotas.ts';
import { listAudit } from './read-audit.ts';
import { getResource, listNames, listResources } from './read-resources.ts';
import { rejectRequest } from './reject-request.ts';
import { resourceHistory } from './resource-history.ts';
import { restoreMesh } from './restore-mesh.ts';
import { rollBack } from './roll-back.ts';

/** Answers to this many mutations are remembered, so that a repeated request changes nothing twice. */
const REMEMBERED = 1_000;
/** A change is refused while this many wait: answered at once instead of after the caller gave up. */
const MAX_QUEUED = 2_000;
const EMPTY_BODY = Buffer.from('{}');

type Handler = (request: BusMessage) => unknown;

/** Control's commands on the bus, as the micro service `towpath-control`. */
export function serveCommands(parts: ControlParts): { stop(): void } {
  const { settings, bus } = parts;
  return serveMicro(bus, {
    name: CONTROL_SERVICE,
    id: settings.id,
    version: settings.version,
    description: `Towpath control of the mesh ${settings.mesh}`,
    metadata: { mesh: settings.mesh },
    scatterDelayMs: 0,
    endpoints: endpointsOf(parts),
  });
}

type Once = (handle: Handler) => Handler;
type Declare = (name: `${string}.${string}`, summary: string, handle: Handler) => MicroEndpoint;

function endpointsOf(parts: ControlParts): MicroEndpoint[] {
  const declare: Declare = (name, summary, handle) => {
    const [noun = '', verb = ''] = name.split('.');
    return {
      name: `${noun}-${verb}`,
      subject: parts.subjects.control(noun, verb),
      queueGroup: CONTROL_SERVICE,
      metadata: { summary },
      handle: (request: BusMessage) => answerRequest(handle, request),
    };
  };
  return [
    ...changingCommands(parts, declare, rememberAnswers(parts)),
    ...askingCommands(parts, declare),
    ...agentCommands(parts),
    joinEndpoint(parts),
  ];
}

/** Hosts ask on `….join.<token>`, which is all that a token may publish to. */
function joinEndpoint(parts: ControlParts): MicroEndpoint {
  return {
    name: 'host-join',
    subject: parts.subjects.join('*'),
    queueGroup: CONTROL_SERVICE,
    metadata: { summary: 'body: {"host","publicKey"}; the token id is in the subject' },
    handle: (request) => answerRequest((r) => answerJoin(parts, r), request),
  };
}

function changingCommands(parts: ControlParts, declare: Declare, once: Once): MicroEndpoint[] {
  const [named, toRevision] = [
    'body: {"kind","namespace","name"}',
    'body: {"kind","namespace","name"}, "to" a revision',
  ];
  return [
    declare(
      'resource.apply',
      'body: YAML or JSON documents',
      once((r) => applyResources(parts, r)),
    ),
    declare(
      'resource.delete',
      named,
      once((r) => deleteResources(parts, r)),
    ),
    declare(
      'resource.rollback',
      toRevision,
      once((r) => rollBack(parts, r)),
    ),
    declare(
      'service.confirm',
      'body: {"namespace","name"}: its silent endpoints are gone',
      once((r) => confirmRemoval(parts, r)),
    ),
    declare('token.create', 'body: {"ttlMs","host","identities","groups"}, all optional', (r) => createToken(parts, r)),
    declare('token.revoke', 'body: {"id"}', (r) => revokeToken(parts, r)),
    declare('host.revoke', 'body: {"host"}: it gets no more credentials', (r) => revokeHost(parts, r)),
    declare(
      'mesh.restore',
      'body: a backup, as JSON or gzipped',
      once((r) => restoreMesh(parts, r)),
    ),
  ];
}

function askingCommands(parts: ControlParts, declare: Declare): MicroEndpoint[] {
  return [
    declare('resource.diff', 'body: YAML or JSON documents; changes nothing', (r) => diffResources(parts, r)),
    declare('resource.get', 'body: {"kind","namespace","name"}', (r) => getResource(parts, r)),
    declare('resource.list', 'body: {"kind","namespace"}, both optional', (r) => listResources(parts, r)),
    declare('resource.names', 'body: {"kind","namespace"}, both optional', (r) => listNames(parts, r)),
    declare('resource.describe', 'body: {"kind","namespace","name"}', (r) => describeOne(parts, r)),
    declare('resource.history', 'body: {"kind","namespace","name"}, "revision" optional', (r) =>
      resourceHistory(parts, r),
    ),
    declare('mesh.analyze', 'body: nothing, or documents to look at as if applied', (r) => analyzeMesh(parts, r)),
    declare('mesh.backup', 'body: {"after"}, optional; every resource as it is stored', (r) => backUpMesh(parts, r)),
    declare('mesh.status', 'generation, counts and agents', () => reportStatus(parts)),
    declare('audit.list', 'body: {"sinceMs","limit","id"}, all optional', (r) => listAudit(parts, r)),
    declare('quota.list', 'body: {"service","near"}, both optional; use of global limits, by caller', (r) =>
      listQuotas(parts.bus, parts.subjects, parts.quotas.now(), r),
    ),
    declare('token.list', 'every join token and what became of it', () => listTokens(parts)),
    declare('agent.list', 'every agent and what it runs', () => ({ agents: listAgents(parts) })),
    declare('metrics.query', 'body: {"windowSeconds","side","service","caller","watch"}, all optional', (r) =>
      queryMetrics(parts, r),
    ),
    declare('change.wait', 'body: {"epoch","gen","timeoutMs"}', (r) => waitForChange(parts, r)),
  ];
}

/** Wraps a mutation: a request id that was seen gets its first answer again. */
function rememberAnswers(parts: ControlParts): (handle: Handler) => Handler {
  const remembered = new Map<string, Promise<string>>();
  return (handle) => async (request) => {
    if (parts.queue.length > MAX_QUEUED)
      rejectRequest(503, [{ code: 'TWP1015', message: 'too many changes are waiting' }]);
    const id = request.header(REQUEST_ID_HEADER);
    if (id === '') return handle(request);
    return JSON.parse(await replay(remembered, `${request.subject} ${id}`, handle, request));
  };
}

/** The first answer again, also while it is still being made. Failures are not remembered: the caller may try again. */
function replay(
  remembered: Map<string, Promise<string>>,
  id: string,
  handle: Handler,
  request: BusMessage,
): Promise<string> {
  const known = remembered.get(id);
  if (known !== undefined) return known;
  const made = answerRequest(handle, request);
  remembered.set(id, made);
  made.catch(() => remembered.delete(id));
  for (const oldest of remembered.keys()) {
    if (remembered.size <= REMEMBERED) break;
    remembered.delete(oldest);
  }
  return made;
}

/** Who calls whom, how often and how well. */
function queryMetrics(parts: ControlParts, request: BusMessage): MetricsReply {
  const data = request.data.length === 0 ? EMPTY_BODY : request.data;
  const body = decodeJson(data, metricsQuerySchema, MAX_RECORD_BYTES);
  return body.ok ? parts.metrics.query(body.value) : rejectRequest(400, [{ code: 'TWP0106', message: body.error }]);
}

async function waitForChange(parts: ControlParts, request: BusMessage): Promise<unknown> {
  const body = decodeJson(request.data, waitRequestSchema, MAX_RECORD_BYTES);
  if (!body.ok) return rejectRequest(400, [{ code: 'TWP0106', message: body.error }]);
  const { epoch, gen, timeoutMs } = body.value;
  return parts.agents.waitFor({ epoch, gen }, timeoutMs);
}

/** Every agent, those that left lately included. */
export function listAgents(parts: ControlParts): StatusReply['agents'] {
  return parts.agents.list(parts.publisher.generation, performance.now(), (host) => parts.registry.workloadsOf(host));
}

/** The mesh at a glance. */
export function reportStatus(parts: ControlParts): StatusReply {
  const { settings, bus, state, publisher } = parts;
  const resources: Record<string, number> = {};
  for (const { resource } of state.resources.list()) resources[resource.kind] = (resources[resource.kind] ?? 0) + 1;
  return {
    mesh: settings.mesh,
    version: settings.version,
    natsVersion: bus.serverVersion ?? '',
    ...publisher.generation,
    resources,
    services: publisher.views.bucket.services,
    endpoints: state.endpoints.list().length,
    agents: listAgents(parts),
    held: parts.registry.held.list(performance.now()),
  };
}
