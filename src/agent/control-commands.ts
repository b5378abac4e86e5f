import type { Bus, BusMessage } from '../contract/bus-types.ts';
import { decodeJson, MAX_RECORD_BYTES } from '../contract/decode.ts';
import { whyRequestSchema } from '../contract/failure-record.ts';
import { type MicroEndpoint, MicroError, serveMicro } from '../contract/micro.ts';
import { AGENT_SERVICE, type Subjects } from '../contract/subjects.ts';
import { z } from '../core/schema.ts';
import type { ControlLinkHandlers, ControlLinkSettings } from './control-types.ts';

/** Answers of a whole fleet are spread over this time, in ms. */
const SCATTER_MS = 100;

/** The agent's commands on the bus: `status`, `dump`, `explain`, `why`, `renew`, `loglevel`, `resync`, `ping`, and `ping` to all agents at once. */
export function serveAgentCommands(
  bus: Bus,
  subjects: Subjects,
  settings: ControlLinkSettings,
  handlers: ControlLinkHandlers,
  resync: () => Promise<void>,
): { stop(): void } {
  const { host, version, mesh } = settings;
  return serveMicro(bus, {
    name: AGENT_SERVICE,
    id: host,
    version,
    description: `Towpath agent of ${host}`,
    metadata: { mesh, host },
    scatterDelayMs: SCATTER_MS,
    endpoints: endpointsOf(subjects, settings, handlers, resync),
  });
}

function endpointsOf(
  subjects: Subjects,
  { host, version, mesh }: ControlLinkSettings,
  handlers: ControlLinkHandlers,
  resync: () => Promise<void>,
): MicroEndpoint[] {
  const ping = async (): Promise<string> => JSON.stringify({ host, version, mesh, time: new Date().toISOString() });
  const scatteredPing = async (): Promise<string> => {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * SCATTER_MS));
    return ping();
  };
  const endpoint = (
    name: string,
    subject: string,
    summary: string,
    handle: MicroEndpoint['handle'],
  ): MicroEndpoint => ({
    name,
    subject,
    queueGroup: null,
    metadata: { summary },
    handle,
  });
  const own = (verb: string, summary: string, handle: MicroEndpoint['handle']): MicroEndpoint =>
    endpoint(verb, subjects.agent(host, verb), summary, handle);
  return [
    own('ping', 'answers at once', ping),
    own('status', 'what the agent runs', async () => JSON.stringify(await handlers.status())),
    own('dump', 'views and live state', async () => JSON.stringify(await handlers.dump())),
    own('explain', 'body: {"method","authority","path","headers"}', (request) => explain(request, handlers)),
    own('why', 'body: {"id"}; what is known of a failure', (request) => why(request, handlers)),
    own('renew', 'new certificates for all identities of the host', () => renewCertificates(handlers)),
    own('loglevel', 'body: debug, info, warn, error or silent', (request) => setLogLevel(request, handlers)),
    own('resync', 'reads every view again', () => resync().then(() => '{"ok":true}')),
    endpoint('ping-all', subjects.agents('ping'), 'every agent answers', scatteredPing),
  ];
}

async function explain(request: BusMessage, handlers: ControlLinkHandlers): Promise<string> {
  const body = decodeJson(request.data, z.unknown(), MAX_RECORD_BYTES);
  if (!body.ok) throw new MicroError(400, body.error, '');
  try {
    return JSON.stringify(await handlers.explain(body.value));
  } catch (cause) {
    throw new MicroError(400, cause instanceof Error ? cause.message : String(cause), '');
  }
}

async function why(request: BusMessage, handlers: ControlLinkHandlers): Promise<string> {
  const body = decodeJson(request.data, whyRequestSchema, MAX_RECORD_BYTES);
  if (!body.ok) throw new MicroError(400, body.error, '');
  return JSON.stringify(await handlers.why(body.value.id));
}

/** The question to all agents: those that know nothing of it are silent, so that the first answer is the answer. */
export async function answerWhy(request: BusMessage, handlers: ControlLinkHandlers): Promise<void> {
  const body = decodeJson(request.data, whyRequestSchema, MAX_RECORD_BYTES);
  if (!body.ok) return;
  const reply = await handlers.why(body.value.id).catch(() => null);
  if (reply !== null && reply.records.length > 0) request.respond(JSON.stringify(reply));
}

async function renewCertificates(handlers: ControlLinkHandlers): Promise<string> {
  try {
    return JSON.stringify(await handlers.renewCertificates());
  } catch (cause) {
    throw new MicroError(503, cause instanceof Error ? cause.message : String(cause), '');
  }
}

async function setLogLevel(request: BusMessage, handlers: ControlLinkHandlers): Promise<string> {
  if (request.data.length > MAX_RECORD_BYTES) throw new MicroError(413, 'the request is too large', '');
  // `nats req … loglevel debug` sends the bare word, programs may send JSON text.
  const level = request.text().trim().replaceAll('"', '');
  try {
    return JSON.stringify({ level: await handlers.logLevel(level) });
  } catch (cause) {
    throw new MicroError(400, cause instanceof Error ? cause.message : String(cause), '');
  }
}
