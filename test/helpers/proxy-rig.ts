/**
 * The real pipeline of a data thread in the test's own thread: real reactor, real sockets, real codec; only the redirection is
 * replaced, by telling the pipeline which destination each accepted connection had.
 */

import { type AddressInfo, connect, createServer, type Socket as NetSocket, type Server } from 'node:net';
import type { FromDataThread } from '../../src/contract/data-thread.ts';
import type { IdentitySet } from '../../src/contract/identity.ts';
import { BLOCK_SLOTS, REQUEST_BLOCK } from '../../src/contract/request-block.ts';
import type { DirectoryEntry, ServiceView } from '../../src/contract/views.ts';
import { ChunkedPool } from '../../src/proxy/codec/http1/chunked.ts';
import { HeadParser } from '../../src/proxy/codec/http1/head.ts';
import { createLlhttp } from '../../src/proxy/codec/http1/llhttp.ts';
import { DEFAULT_HTTP2_CONFIG, type Http2Config } from '../../src/proxy/codec/http2/http2-config.ts';
import { type ConnectionRecord, CountingSink, type Ending, type Side } from '../../src/proxy/connection-record.ts';
import { type Context, DEFAULT_LIMITS, headLimits, type Limits } from '../../src/proxy/context.ts';
import { countTls } from '../../src/proxy/count-tls.ts';
import { Counters } from '../../src/proxy/counters.ts';
import { AskedRequest } from '../../src/proxy/endpoints/asked-request.ts';
import type { HealthEvent } from '../../src/proxy/endpoints/cluster-health.ts';
import { EndpointStore } from '../../src/proxy/endpoints/endpoint-store.ts';
import { HealthRegistry } from '../../src/proxy/endpoints/health-registry.ts';
import { divideMemory, ExchangeParts } from '../../src/proxy/exchange/parts.ts';
import { ResolvedNames } from '../../src/proxy/explicit/resolved-names.ts';
import { serveExplicit } from '../../src/proxy/explicit/serve-explicit.ts';
import { HostPolicies } from '../../src/proxy/host-policies.ts';
import { Janitor } from '../../src/proxy/janitor.ts';
import { Journal } from '../../src/proxy/journal/journal.ts';
import { makeLimitMemory } from '../../src/proxy/limits/limit-memory.ts';
import { makeRateLimits } from '../../src/proxy/limits/request-limits.ts';
import { OwnIdentities } from '../../src/proxy/mesh/own-identities.ts';
import { RequestMeter } from '../../src/proxy/request-meter.ts';
import { RoutingTable } from '../../src/proxy/routing-table.ts';
import { serveConnection } from '../../src/proxy/serve-connection.ts';
import { ServerFirstMemory } from '../../src/proxy/server-first.ts';
import { ViewWaiters } from '../../src/proxy/view-waiters.ts';
import { DescriptorTable } from '../../src/reactor/descriptor-table.ts';
import { Kernel } from '../../src/reactor/kernel.ts';
import { openListener } from '../../src/reactor/listen.ts';
import { Reactor } from '../../src/reactor/reactor.ts';
import { parseSockAddr, type SockAddr } from '../../src/reactor/socket-address.ts';
import { type CountedSeries, requestCounts, seriesKey } from '../../src/telemetry/counted-series.ts';
import type { Sample } from '../../src/telemetry/metric.ts';
import { makeRing } from '../../src/telemetry/records/record-ring.ts';
import { otelRequestSamples, towpathRequestSamples } from '../../src/telemetry/request-metrics.ts';

const CAPTURE_PORTS = new Set([15001, 15006]);

export interface ClosedRecord {
  readonly record: ConnectionRecord;
  readonly ending: Ending;
}

export class ProxyRig {
  readonly context: Context;
  readonly reactor: Reactor;
  readonly closed: ClosedRecord[] = [];
  readonly needed: string[] = [];
  readonly errors: unknown[] = [];
  readonly waiters: ViewWaiters;
  /** Host names that were asked for, in explicit mode. */
  readonly asked: string[] = [];
  readonly names = new ResolvedNames();
  readonly nameWaiters: ViewWaiters;
  /** What became known of the health of endpoints. */
  readonly healthEvents: { cluster: string; endpoint: string; event: HealthEvent }[] = [];
  /** What main would have been asked about quotas. */
  readonly posted: FromDataThread[] = [];
  readonly limitMemory = makeLimitMemory();
  /** Records of requests and connections. */
  readonly ring = makeRing(1 << 20);
  draining = false;
  /** 'explicit': connections come as on the listener of the explicit mode. */
  side: Side | 'explicit' = 'outbound';
  /** For connections that are accepted from now on, in the place of the rig's own. */
  serving: Context | null = null;
  /** What every accepted connection is said to have dialled. */
  destination: SockAddr = address('127.0.0.1', 1);
  readonly #series: { index: number; name: string; labels: Readonly<Record<string, string>> }[] = [];
  readonly #counters: Counters;
  readonly #cleanup: (() => void)[] = [];
  readonly #fd: number;
  readonly port: number;
  #running = true;

  constructor(limits: Partial<Limits> = {}, http2: Partial<Http2Config> = {}) {
    const llhttp = createLlhttp({ slabBytes: 8 * 1024 * 1024, parsers: 64 });
    const memory = divideMemory(llhttp);
    const kernel = new Kernel(memory.slab);
    this.reactor = new Reactor(kernel, DescriptorTable.forSockets(1024), 10);
    this.reactor.onHandlerError = (error) => this.errors.push(error);
    this.#counters = new Counters(Counters.sharedMemory(), (index, name, labels) =>
      this.#series.push({ index, name, labels }),
    );
    this.reactor.tlsObserver = countTls(this.#counters);
    const outbound = new EndpointStore(0);
    const healths = new HealthRegistry(this.reactor, (cluster, { text }, event) =>
      this.healthEvents.push({ cluster, endpoint: text, event }),
    );
    const all = { ...DEFAULT_LIMITS, ...limits };
    this.waiters = new ViewWaiters(this.reactor, all.viewTimeoutMs, (key) => this.needed.push(key));
    this.nameWaiters = new ViewWaiters(this.reactor, all.viewTimeoutMs, (name) => this.asked.push(name));
    this.context = {
      reactor: this.reactor,
      parser: new HeadParser(llhttp, headLimits(all)),
      chunked: new ChunkedPool(llhttp, all.chunkLineBytes),
      exchanges: new ExchangeParts(memory, this.reactor, { ...DEFAULT_HTTP2_CONFIG, ...http2 }),
      counters: this.#counters,
      meter: new RequestMeter(this.#counters),
      journal: new Journal(this.ring, this.reactor, Math.random),
      sink: new CountingSink(this.#counters, () => {}),
      table: new RoutingTable(outbound, healths, 'eu/a/1'),
      outbound,
      inbound: new EndpointStore(0),
      identities: new OwnIdentities(),
      hostPolicies: new HostPolicies(),
      rateLimits: makeRateLimits(this.limitMemory, this.reactor, this.#counters, (message) =>
        this.posted.push(message),
      ),
      serverFirst: new ServerFirstMemory(),
      explicit: {
        port: 15080,
        capturePorts: CAPTURE_PORTS,
        names: this.names,
        whenNameResolves: (name, done) => this.nameWaiters.wait(name, done),
      },
      asked: new AskedRequest(),
      janitor: new Janitor(this.reactor, all.stallMs),
      limits: all,
      random: Math.random,
      draining: () => this.draining,
      whenServiceArrives: (key, done) => this.waiters.wait(key, done),
    };
    this.context.janitor.start();
    const { sink } = this.context;
    this.context = {
      ...this.context,
      sink: {
        opened: (record) => sink.opened(record),
        decided: (record) => sink.decided(record),
        moved: (record) => sink.moved(record),
        closed: (record, ending) => {
          this.closed.push({ record, ending });
          this.context.journal.connection(record, ending);
          sink.closed(record, ending);
        },
        closedTwice: (record) => sink.closedTwice(record),
      },
    };
    [this.#fd, this.port] = listenAnywhere(kernel);
    this.reactor.addListener(this.#fd, {
      family: 4,
      onAccept: (socket) =>
        this.side === 'explicit'
          ? serveExplicit(this.context, socket)
          : serveConnection(this.serving ?? this.context, this.side, socket, this.destination, CAPTURE_PORTS),
      onShed: () => {},
    });
    this.#turn();
  }

  /** A plain TCP server of the test; `connection` may keep sockets: they are destroyed at the end. */
  async serve(
    connection: (socket: NetSocket) => void,
    allowHalfOpen = true,
  ): Promise<{ port: number; server: Server; sockets: NetSocket[] }> {
    const sockets: NetSocket[] = [];
    const server = createServer({ allowHalfOpen, noDelay: true }, (socket) => {
      socket.on('error', () => {});
      sockets.push(socket);
      connection(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.#cleanup.push(() => {
      server.close();
      for (const socket of sockets) socket.destroy();
    });
    return { port: (server.address() as AddressInfo).port, server, sockets };
  }

  /** Runs `clean` when the rig ends. */
  onEnd(clean: () => void): void {
    this.#cleanup.push(clean);
  }

  /** A client connection to the proxy that collects what it hears. */
  async client(): Promise<RigClient> {
    const socket = connect({ port: this.port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    const client = new RigClient(socket);
    this.#cleanup.push(() => socket.destroy());
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return client;
  }

  /** Declares a service at virtual IP 240.0.0.1 and lets every client dial it. */
  service(view: ServiceView): void {
    const entry: DirectoryEntry = {
      namespace: view.namespace,
      name: view.name,
      virtualIps: view.virtualIps,
      ports: view.ports.map((p) => p.port),
    };
    this.context.table.setDirectory([entry]);
    this.context.table.setService(view);
    this.destination = address(view.virtualIps[0], view.ports[0].port);
  }

  /** Certificates of the host, as main hands them over. @throws Error with the refusal */
  identity(set: IdentitySet): void {
    const problem = this.reactor.tls.mesh.replace(set);
    if (problem !== null) throw new Error(problem);
    const { identities, table } = this.context;
    if (identities.set(set)) table.setOwnIdentity(identities.own);
  }

  /** Sum of the counters of that name whose labels contain `labels`. */
  /** Sum of the metrics of that name whose labels contain `labels`. */
  count(name: string, labels: Readonly<Record<string, string>> = {}): number {
    const wanted = Object.entries(labels);
    const matching = this.samples().filter((s) => s.name === name && wanted.every(([k, v]) => s.labels[k] === v));
    return matching.reduce((sum, { value }) => sum + value, 0);
  }

  /** All that is counted, as a scrape would show it. */
  samples(): Sample[] {
    const series = this.counted();
    const requests = requestCounts(series);
    const plain = series.flatMap(({ name, labels, values: [value = 0] }) =>
      name === REQUEST_BLOCK ? [] : [{ name, labels, value }],
    );
    return [...plain, ...towpathRequestSamples(requests), ...otelRequestSamples(requests)];
  }

  /** What main gets to read. */
  counted(): CountedSeries[] {
    return this.#series.map(({ index, name, labels }) => {
      const slots = name === REQUEST_BLOCK ? BLOCK_SLOTS : 1;
      const values = Array.from(this.#counters.values.subarray(index, index + slots));
      return { key: seriesKey(name, labels), name, labels, values };
    });
  }

  /** Waits until `condition` holds. @throws after `ms` */
  async until(condition: () => boolean, what: string, ms = 20_000): Promise<void> {
    const limit = Date.now() + ms;
    while (!condition()) {
      if (Date.now() > limit) throw new Error(`timed out waiting: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** Ends everything; returns what should all be zero: handler errors, double closes, chunks, sockets and decoders still held. */
  async end(): Promise<{ errors: unknown[]; internal: number; chunks: number }> {
    for (const clean of this.#cleanup) clean();
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (let i = 0; i < 50 && this.reactor.openSockets > 0; i++) await new Promise((resolve) => setTimeout(resolve, 5));
    this.#running = false;
    this.reactor.closeAll();
    this.reactor.kernel.close(this.#fd);
    return {
      errors: this.errors,
      internal: this.count('towpath_internal_errors_total'),
      chunks: this.reactor.slab.chunksInUse,
    };
  }

  #turn(): void {
    if (!this.#running) return;
    this.reactor.turn(0);
    setImmediate(() => this.#turn());
  }
}

export class RigClient {
  readonly socket: NetSocket;
  readonly chunks: Buffer[] = [];
  ended = false;
  error: (Error & { code?: string }) | null = null;
  closed = false;

  constructor(socket: NetSocket) {
    this.socket = socket;
    socket.on('data', (chunk) => this.chunks.push(Buffer.from(chunk)));
    socket.on('end', () => {
      this.ended = true;
    });
    socket.on('error', (error) => {
      this.error = error;
    });
    socket.on('close', () => {
      this.closed = true;
    });
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }
  get bytes(): number {
    return this.chunks.reduce((sum, c) => sum + c.length, 0);
  }

  send(text: string | Uint8Array): void {
    this.socket.write(text);
  }

  /** Forgets what was heard so far. */
  clear(): void {
    this.chunks.length = 0;
  }
}

export function address(ip: string, port: number): SockAddr {
  const parsed = parseSockAddr(ip, port);
  if (parsed === null) throw new Error(`${ip} is not an address`);
  return parsed;
}

/** A service view with one port and one cluster over local endpoints; the rest as given. */
export function serviceView(
  ports: readonly number[],
  overrides: Partial<ServiceView['ports'][0]> = {},
  more: Partial<ServiceView> = {},
): ServiceView {
  const endpoints = ports.map((port) => ({ ip: '127.0.0.1', port, weight: 1, workload: 'shop/w' }));
  const { protocol = 'auto' } = overrides;
  return {
    version: { epoch: 1, gen: 1, hash: 'x' },
    namespace: 'shop',
    name: 'orders',
    virtualIps: ['240.0.0.1'],
    ports: [{ name: 'http', port: 80, protocol: 'auto', cluster: 'shop/orders:80', http: null, ...overrides }],
    clusters: {
      'shop/orders:80': { service: 'shop/orders', port: 80, protocol, loadBalancer: 'RoundRobin', endpoints },
    },
    ...more,
  };
}

function listenAnywhere(kernel: Kernel): [fd: number, port: number] {
  for (let port = 30_000 + (process.pid % 20_000); port < 60_000; port++) {
    const listener = openListener(kernel, address('127.0.0.1', port), false);
    if (listener.ok) return [listener.fd, port];
  }
  throw new Error('no free port');
}
