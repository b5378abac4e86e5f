/** CONNECT (RFC 9110 9.3.6): a connection to an endpoint of the service that was named, then bytes both ways. */
import { describeErrno, ETIMEDOUT } from '../../reactor/errno.ts';
import type { Socket, SocketHandler } from '../../reactor/socket.ts';
import { countExchange } from '../count-request.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { observeConnect, observeFailure } from '../endpoints/observe-attempt.ts';
import type { ClientExchange, ExchangeClient } from '../exchange-client.ts';
import type { Draft } from '../journal/draft.ts';
import { noteWay } from '../journal/note-way.ts';
import { OpaqueRelay } from '../opaque-relay.ts';
import type { Forward } from '../request-delivery.ts';
import type { ResponseFlag } from '../response-flags.ts';

const ESTABLISHED = 'HTTP/1.1 200 Connection established\r\n\r\n';
/** Endpoints tried while no connection was established. */
const MAX_DIALS = 3;

export class ConnectTunnel implements ClientExchange, SocketHandler {
  active = false;
  /** What follows belongs to the tunnel, and waits until it stands. */
  readonly wantsBody = false;
  readonly takesBody = false;
  readonly pauses = 0;
  readonly answerBlocked = false;
  readonly #client: ExchangeClient;
  readonly #decision: Forward;
  readonly #startedAt: number;
  readonly #tried: Endpoint[] = [];
  #endpoint: Endpoint;
  #server: Socket | null = null;
  /** What is noted of the request for its record; null = nothing. */
  #draft: Draft | null = null;

  constructor(client: ExchangeClient, decision: Forward) {
    this.#client = client;
    this.#decision = decision;
    this.#endpoint = decision.endpoint;
    this.#startedAt = client.context.reactor.now;
  }

  begin(): number {
    this.active = true;
    const { journal, parser, reactor } = this.#client.context;
    if (journal.isOn) this.#draft = journal.begin(this.#client.record, reactor.slab.bytes, parser.head);
    this.#client.context.reactor.clearTimer(this.#client.socket);
    this.#dial(this.#endpoint);
    return 0;
  }

  #dial(endpoint: Endpoint): void {
    const { reactor, limits } = this.#client.context;
    this.#endpoint = endpoint;
    const socket = reactor.dial(endpoint.address, endpoint.mark, this);
    if (typeof socket === 'number') return this.#failed(socket);
    this.#server = socket;
    endpoint.active++;
    reactor.setTimer(socket, limits.connectTimeoutMs);
  }

  // === the endpoint ===

  onConnect(server: Socket): void {
    const { context, socket, record } = this.#client;
    const { reactor } = context;
    reactor.clearTimer(server);
    const { slab } = reactor;
    reactor.write(socket, slab.composeArea, slab.bytes.write(ESTABLISHED, slab.composeArea, 'latin1'));
    record.endpoint = this.#endpoint.text;
    this.#count(200, '');
    observeConnect(context, this.#decision.cluster, this.#endpoint);
    this.#server = null;
    this.active = false;
    const relay = new OpaqueRelay(context, socket, server, this.#endpoint, record, null);
    this.#client.handOver((at, length) => relay.deliver('server', at, length));
    relay.start();
  }

  onError(_server: Socket, errno: number): void {
    this.#dropServer();
    this.#failed(errno);
  }

  onTimeout(): void {
    this.#dropServer();
    this.#failed(ETIMEDOUT);
  }

  onData(): void {}
  onEnd(): void {}
  onDrain(): void {}
  onReadable(): void {}
  onWritable(): void {}

  #failed(errno: number): void {
    const { cluster, hash } = this.#decision;
    this.#tried.push(this.#endpoint);
    observeFailure(this.#client.context, cluster, this.#endpoint, 'connect');
    const next =
      this.#tried.length < MAX_DIALS ? (cluster?.pick(this.#client.context, hash, this.#tried) ?? null) : null;
    if (next !== null && !this.#tried.includes(next)) return this.#dial(next);
    const attempts = this.#tried.length;
    this.#fail('UF', `cannot connect to ${this.#endpoint.text} (attempt ${attempts}): ${describeErrno(errno)}`);
  }

  #dropServer(): void {
    if (this.#server === null) return;
    this.#client.context.reactor.reset(this.#server);
    this.#server = null;
    this.#endpoint.active--;
    this.#endpoint.lastUsed = this.#client.context.reactor.now;
  }

  // === the client ===

  onRequestBody(): number {
    return 0;
  }

  /** It may still listen; the relay passes its FIN on. */
  onClientEnd(): void {}
  onClientDrain(): void {}
  onRequestTimeout(): void {}
  stalled(): void {}

  abandon(flag: ResponseFlag): void {
    if (!this.active) return;
    this.#dropServer();
    this.active = false;
    this.#count(0, flag);
  }

  overload(): void {
    this.#dropServer();
    this.#fail('UO', 'the proxy is out of buffers');
  }

  #fail(flag: ResponseFlag, sentence: string): void {
    if (!this.active) return;
    this.active = false;
    const { service, route } = this.#decision;
    const seconds = this.#seconds();
    const draft = this.#takeDraft();
    this.#client.answer({ flag, status: 503, sentence, close: true, service, route, isHead: false, seconds, draft });
    // What the client has sent meanwhile was meant for the tunnel.
    this.#client.finish('closed', true);
  }

  #takeDraft(): Draft {
    const { journal, reactor } = this.#client.context;
    const draft = this.#draft ?? journal.draftOf(this.#client.record, reactor.slab.bytes, null);
    this.#draft = null;
    draft.startedAt = this.#startedAt;
    noteWay(draft, this.#decision, this.#endpoint, this.#tried.length + 1, null);
    return draft;
  }

  #count(status: number, flag: ResponseFlag | ''): void {
    const { context, record } = this.#client;
    if (this.#draft !== null || flag !== '') {
      const draft = this.#takeDraft();
      draft.status = status;
      draft.flag = flag;
      context.journal.end(draft, record);
    }
    if (flag !== '') record.flag = flag;
    countExchange(context.meter, record, this.#decision, this.#endpoint, status, flag, this.#seconds());
  }

  #seconds(): number {
    return (this.#client.context.reactor.now - this.#startedAt) / 1000;
  }
}
