/**
 * A data thread: wires reactor, codec, routing table and counters together, then runs the reactor until it is told to stop.
 * It never returns to Node's event loop meanwhile. Entry point of the worker that src/agent/data-threads.ts starts.
 */
import { receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { FromDataThread, ToDataThread } from '../contract/data-thread.ts';
import { DescriptorTable } from '../reactor/descriptor-table.ts';
import { Kernel } from '../reactor/kernel.ts';
import { Reactor } from '../reactor/reactor.ts';
import { applyMessage, type MessageTargets } from './apply-message.ts';
import { Callers } from './callers.ts';
import { ChunkedPool } from './codec/http1/chunked.ts';
import { HeadParser } from './codec/http1/head.ts';
import { createLlhttp } from './codec/http1/llhttp.ts';
import { type ConnectionRecord, CountingSink, type Ending, type RecordSink } from './connection-record.ts';
import { type Context, headLimits } from './context.ts';
import { countOpen } from './count-open.ts';
import { countTls } from './count-tls.ts';
import { Counters } from './counters.ts';
import { AskedRequest } from './endpoints/asked-request.ts';
import { EndpointStore } from './endpoints/endpoint-store.ts';
import { HealthRegistry } from './endpoints/health-registry.ts';
import { reportHealth } from './endpoints/report-health.ts';
import { divideMemory, ExchangeParts } from './exchange/parts.ts';
import type { ExplicitParts } from './explicit/explicit-parts.ts';
import { ResolvedNames } from './explicit/resolved-names.ts';
import { serveExplicit } from './explicit/serve-explicit.ts';
import { HostPolicies } from './host-policies.ts';
import { Janitor } from './janitor.ts';
import { Journal } from './journal/journal.ts';
import { makeRateLimits } from './limits/request-limits.ts';
import { LogGate } from './log-gate.ts';
import { OwnIdentities } from './mesh/own-identities.ts';
import { REQUEST_ID_PREFIX } from './request-id.ts';
import { RequestMeter } from './request-meter.ts';
import { RoutingTable } from './routing-table.ts';
import { serveConnection } from './serve-connection.ts';
import { ServerFirstMemory } from './server-first.ts';
import { askSeldom } from './stale-keys.ts';
import { sharedNow, type ThreadStart, VITAL_CHUNKS_IN_USE, VITAL_SOCKETS, VITAL_TURN_AT } from './thread-start.ts';
import { Upkeep } from './upkeep.ts';
import { ViewWaiters } from './view-waiters.ts';

/** Silence after which the destination is dialled in parallel (design 6). */
const SILENCE_MS = 10;
/** Bodies in chunked coding under way at once, in both directions together. */
const CHUNKED_BODIES = 8192;

class DataThread {
  readonly #start: ThreadStart;
  readonly #reactor: Reactor;
  readonly #context: Context;
  readonly #callers: Callers;
  readonly #waiters: ViewWaiters;
  readonly #nameWaiters: ViewWaiters;
  readonly #vitals: Float64Array;
  readonly #log: LogGate;
  readonly #targets: MessageTargets;
  readonly #upkeep: Upkeep;
  #draining = false;

  constructor(start: ThreadStart) {
    const { limits } = start;
    this.#start = start;
    const llhttp = createLlhttp({ slabBytes: start.slabBytes, parsers: CHUNKED_BODIES });
    const memory = divideMemory(llhttp);
    const kernel = new Kernel(memory.slab);
    const reactor = new Reactor(kernel, new DescriptorTable(start.descriptors), SILENCE_MS);
    const counters = new Counters(start.counters, (index, name, labels) =>
      this.#post({ type: 'series', index, name, labels }),
    );
    this.#reactor = reactor;
    this.#vitals = new Float64Array(start.vitals);
    this.#log = new LogGate((message) => this.#post(message));
    this.#waiters = new ViewWaiters(reactor, limits.viewTimeoutMs, (key) => this.#post({ type: 'need', key }));
    this.#nameWaiters = new ViewWaiters(reactor, limits.viewTimeoutMs, (name) => this.#post({ type: 'resolve', name }));
    this.#context = this.#makeContext(start, reactor, llhttp, memory, counters);
    this.#callers = this.#makeCallers(start, reactor, counters);
    this.#targets = {
      context: this.#context,
      callers: this.#callers,
      waiters: this.#waiters,
      nameWaiters: this.#nameWaiters,
      beginDrain: () => {
        this.#draining = true;
        reactor.stopAccepting();
      },
      useIdentity: (message) => this.#useIdentity(message),
      post: (message) => this.#post(message),
    };
    this.#upkeep = Upkeep.start(this.#context, this.#callers.stores());
    reactor.tlsObserver = countTls(counters);
    reactor.onTurn = () => this.#afterTurn();
    reactor.onHandlerError = (error) => this.#handlerFailed(error);
  }

  #makeContext(
    start: ThreadStart,
    reactor: Reactor,
    llhttp: ReturnType<typeof createLlhttp>,
    memory: ReturnType<typeof divideMemory>,
    counters: Counters,
  ): Context {
    const { limits, locality: home } = start;
    const outbound = new EndpointStore(0);
    const journal = new Journal(start.records, reactor, Math.random);
    return {
      reactor,
      parser: new HeadParser(llhttp, headLimits(limits)),
      chunked: new ChunkedPool(llhttp, limits.chunkLineBytes),
      exchanges: new ExchangeParts(memory, reactor),
      counters,
      meter: new RequestMeter(counters),
      journal,
      sink: this.#makeSink(counters, reactor, journal),
      table: new RoutingTable(outbound, new HealthRegistry(reactor, reportHealth(counters, this.#log, reactor)), home),
      outbound,
      inbound: new EndpointStore(start.inboundMark),
      identities: new OwnIdentities(),
      hostPolicies: new HostPolicies(
        (message, fields) => this.#log.notice(message, fields, reactor.now),
        askSeldom(reactor, (url) => this.#post({ type: 'stale-keys', url })),
      ),
      rateLimits: makeRateLimits(start.limitMemory, reactor, counters, (message) => this.#post(message)),
      serverFirst: new ServerFirstMemory(),
      explicit: this.#explicitParts(start),
      asked: new AskedRequest(),
      janitor: new Janitor(reactor, limits.stallMs),
      limits,
      random: Math.random,
      draining: () => this.#draining,
      whenServiceArrives: (key, done) => this.#waiters.wait(key, done),
    };
  }

  #makeSink(counters: Counters, reactor: Reactor, journal: Journal): RecordSink {
    const log = (record: ConnectionRecord, ending: Ending): void => this.#log.connection(record, ending, reactor.now);
    return countOpen(new CountingSink(counters, log), this.#vitals, journal);
  }

  #makeCallers({ listeners, locality }: ThreadStart, reactor: Reactor, counters: Counters): Callers {
    const callers = listeners.flatMap(({ caller }) => (caller === undefined ? [] : [caller]));
    const report = reportHealth(counters, this.#log, reactor);
    return new Callers(this.#context, callers, (outbound) => {
      return new RoutingTable(outbound, new HealthRegistry(reactor, report), locality);
    });
  }

  #explicitParts({ explicitPort, ownPorts }: ThreadStart): ExplicitParts {
    return {
      port: explicitPort,
      capturePorts: new Set(ownPorts),
      names: new ResolvedNames(),
      whenNameResolves: (name, done) => this.#nameWaiters.wait(name, done),
    };
  }

  /** Runs until a stop message; returns when every socket is closed. */
  run(): void {
    const { listeners, wakeFd } = this.#start;
    const ports = this.#context.explicit.capturePorts;
    // What main has sent before the start is in force before the first connection is accepted.
    this.#receive();
    this.#reactor.descriptors.takeReserve(this.#reactor.kernel);
    for (const { fd, family, side, caller } of this.#draining ? [] : listeners) {
      const context = this.#callers.contextOf(caller);
      this.#reactor.addListener(fd, {
        family,
        onAccept: (socket, destination) =>
          side === 'explicit'
            ? serveExplicit(context, socket)
            : serveConnection(context, side, socket, destination, ports),
        onShed: (errno) =>
          this.#context.counters.count('towpath_connections_shed_total', { side, errno: String(errno) }),
      });
    }
    this.#reactor.addWake(wakeFd, () => this.#receive());
    this.#post({ type: 'ready', requestIdPrefix: REQUEST_ID_PREFIX });
    this.#reactor.run();
    this.#reactor.closeAll();
  }

  #receive(): void {
    for (let m = receiveMessageOnPort(this.#start.port); m !== undefined; m = receiveMessageOnPort(this.#start.port)) {
      const message = m.message as ToDataThread;
      try {
        applyMessage(this.#targets, message);
        if (message.type !== 'dump' && message.type !== 'explain' && message.type !== 'identity')
          this.#post({ type: 'applied', sequence: message.sequence });
      } catch (error) {
        // Not answered, so that main does not take it for applied; the messages behind it count all the same.
        this.#handlerFailed(error);
      }
    }
  }

  #useIdentity({ sequence, identity }: Extract<ToDataThread, { type: 'identity' }>): void {
    const problem = this.#reactor.tls.mesh.replace(identity);
    if (problem === null) {
      const { identities, table } = this.#context;
      if (identities.set(identity)) table.setOwnIdentity(identities.own);
      this.#callers.setIdentities(identity);
      return this.#post({ type: 'applied', sequence });
    }
    this.#log.problem(problem, {}, this.#reactor.now);
    this.#post({ type: 'applied', sequence, problem });
  }

  #afterTurn(): void {
    this.#vitals[VITAL_TURN_AT] = sharedNow();
    this.#vitals[VITAL_SOCKETS] = this.#reactor.openSockets;
    this.#vitals[VITAL_CHUNKS_IN_USE] = this.#reactor.slab.chunksInUse;
    this.#upkeep.afterTurn(this.#reactor.now);
  }

  /** A bug in a handler costs the one connection, is counted where tests see it, and is logged with its stack. */
  #handlerFailed(error: unknown): void {
    this.#context.counters.count('towpath_internal_errors_total', { reason: 'handler' });
    this.#log.problem(
      'a connection failed for an internal reason',
      { error: error instanceof Error ? (error.stack ?? error.message) : String(error) },
      this.#reactor.now,
    );
  }

  #post(message: FromDataThread): void {
    this.#start.port.postMessage(message);
  }
}

const thread = new DataThread(workerData as ThreadStart);
// What loading the modules left behind; afterwards there is little garbage (bin/towpath allows this).
globalThis.gc?.({ type: 'major', flavor: 'last-resort' });
// In a task of its own: what V8 keeps for the task that loads modules would be looked through at every collection (2 % of short connections).
setImmediate(() => thread.run());
