/**
 * A responder for the NATS services protocol (ADR-32), so that `nats micro ls|info|stats|ping` see our services. Ours,
 * because an agent's instance id is its host id, handlers are asynchronous, and errors are counted.
 */
import type { Bus, BusMessage, Headers, Unsubscriber } from './bus-types.ts';

export interface MicroService {
  readonly name: string;
  readonly id: string;
  /** Semantic version. */
  readonly version: string;
  readonly description: string;
  readonly metadata: Headers;
  readonly endpoints: readonly MicroEndpoint[];
  /** Replies that a whole fleet gives at once are delayed by a random time up to this, in ms. */
  readonly scatterDelayMs: number;
}

export interface MicroEndpoint {
  readonly name: string;
  readonly subject: string;
  /** One instance of the group answers; null = every instance does. */
  readonly queueGroup: string | null;
  readonly metadata: Headers;
  /** Resolves with the reply's body; throws MicroError, or anything else for a 500. */
  handle(request: BusMessage): Promise<string>;
}

/** An answer that says no: the code and text go into the headers that ADR-32 names, the body is JSON for programs. */
export class MicroError extends Error {
  readonly code: number;
  readonly body: string;
  constructor(code: number, message: string, body: string) {
    super(message);
    this.code = code;
    this.body = body;
  }
}

export const ERROR_CODE_HEADER = 'Nats-Service-Error-Code';
export const ERROR_TEXT_HEADER = 'Nats-Service-Error';

/** More requests than this under way at once are answered 503. */
const MAX_PENDING = 4_000;
/** Answers larger than this could not be sent (NATS's default `max_payload` is 1 MiB). */
const MAX_REPLY_BYTES = 1_000_000;
const NANOSECONDS = 1_000_000;

interface Tally {
  requests: number;
  errors: number;
  lastError: string;
  nanoseconds: number;
}

export interface Served {
  /** Answers nothing more. */
  stop(): void;
  /** Hears nothing new; what is on its way is answered. */
  leave(): void;
}

/** Answers until stopped; kept across reconnects by the bus. */
export function serveMicro(bus: Bus, service: MicroService): Served {
  const tallied = service.endpoints.map((endpoint) => ({
    endpoint,
    tally: { requests: 0, errors: 0, lastError: '', nanoseconds: 0 },
  }));
  const subscriptions = [
    ...Object.entries(discovery(service, tallied)).flatMap(([verb, answer]) => serveVerb(bus, service, verb, answer)),
    ...tallied.map(({ endpoint, tally }) => serveEndpoint(bus, endpoint, tally)),
  ];
  return {
    stop: () => {
      for (const subscription of subscriptions) subscription.unsubscribe();
    },
    leave: () => {
      for (const subscription of subscriptions) subscription.drain();
    },
  };
}

interface Tallied {
  readonly endpoint: MicroEndpoint;
  readonly tally: Tally;
}

/** The bodies of the three discovery verbs. */
function discovery(service: MicroService, tallied: readonly Tallied[]): Readonly<Record<string, () => object>> {
  const { name, id, version, metadata, description } = service;
  const identity = { name, id, version, metadata };
  const started = new Date().toISOString();
  const listed = ({ endpoint }: Tallied): object => ({
    name: endpoint.name,
    subject: endpoint.subject,
    queue_group: endpoint.queueGroup ?? '',
    metadata: endpoint.metadata,
  });
  const counted = (one: Tallied): object => ({ ...listed(one), ...statsOf(one.tally) });
  return {
    PING: () => ({ type: 'io.nats.micro.v1.ping_response', ...identity }),
    INFO: () => ({ type: 'io.nats.micro.v1.info_response', ...identity, description, endpoints: tallied.map(listed) }),
    STATS: () => ({ type: 'io.nats.micro.v1.stats_response', ...identity, started, endpoints: tallied.map(counted) }),
  };
}

/** Each verb is asked of everybody, of a service by name, or of one instance; only the last is answered without delay. */
function serveVerb(bus: Bus, service: MicroService, verb: string, answer: () => object): Unsubscriber[] {
  const now = (message: BusMessage): void => message.respond(JSON.stringify(answer()));
  const scattered = (message: BusMessage): void => {
    setTimeout(() => now(message), Math.random() * service.scatterDelayMs);
  };
  return [
    bus.subscribe(`$SRV.${verb}`, scattered),
    bus.subscribe(`$SRV.${verb}.${service.name}`, scattered),
    bus.subscribe(`$SRV.${verb}.${service.name}.${service.id}`, now),
  ];
}

function serveEndpoint(bus: Bus, endpoint: MicroEndpoint, tally: Tally): Unsubscriber {
  let pending = 0;
  const answer = async (message: BusMessage): Promise<void> => {
    // A question without a reply subject is none: a stray answer that somebody had sent here (docs/join.md).
    if (!message.wantsReply) return;
    const start = performance.now();
    pending++;
    tally.requests++;
    try {
      if (pending > MAX_PENDING) throw new MicroError(503, 'too many requests are under way', '');
      const body = await endpoint.handle(message);
      if (Buffer.byteLength(body) > MAX_REPLY_BYTES) throw new MicroError(507, 'the answer is larger than 1 MB', '');
      message.respond(body);
    } catch (cause) {
      const error = cause instanceof MicroError ? cause : new MicroError(500, textOf(cause), '');
      tally.errors++;
      tally.lastError = `${error.code}:${error.message}`.slice(0, 500);
      message.respond(error.body, {
        [ERROR_CODE_HEADER]: String(error.code),
        [ERROR_TEXT_HEADER]: error.message.slice(0, 1000),
      });
    } finally {
      pending--;
      tally.nanoseconds += Math.round((performance.now() - start) * NANOSECONDS);
    }
  };
  return bus.subscribe(endpoint.subject, (message) => void answer(message), endpoint.queueGroup ?? undefined);
}

function statsOf({ requests, errors, lastError, nanoseconds }: Tally): object {
  return {
    num_requests: requests,
    num_errors: errors,
    last_error: lastError,
    processing_time: nanoseconds,
    average_processing_time: requests === 0 ? 0 : Math.round(nanoseconds / requests),
  };
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
