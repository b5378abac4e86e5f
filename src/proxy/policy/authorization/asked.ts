/** What is known of the connection or request that is decided on. One reused object; nothing is copied out of the slab. */
import type { SockAddr } from '../../../reactor/socket-address.ts';
import type { MessageHead } from '../../codec/message-head.ts';
import type { VerifiedToken } from '../jwt/verified-token.ts';
import { PathReadings } from '../path-readings.ts';
import { HostReading } from './host-reading.ts';

const ROOT = new Uint8Array([0x2f]);
const STAR = new Uint8Array([0x2a]);
const NO_BYTES = new Uint8Array(0);

export class Asked {
  /** `<trust-domain>/ns/<namespace>/sa/<account>`, proved by mutual TLS; null: nobody knows who calls. */
  principal: string | null = null;
  source: SockAddr | null = null;
  destination: SockAddr | null = null;
  /** '' = the client named none. */
  serverName = '';
  /** null: a connection as a whole, of any protocol. */
  head: MessageHead | null = null;
  bytes: Uint8Array = NO_BYTES;
  /** What is said must hold for every request of the connection: a clause that only a request can tell about is in doubt the other way. */
  forAllRequests = false;
  /** null: the request brought none. */
  token: VerifiedToken | null = null;
  readonly paths = new PathReadings();
  readonly host = new HostReading();
  /** Of the Host field, where an absolute target overrules it. */
  readonly secondHost = new HostReading();
  #hasPaths = false;
  #hasHost = false;

  connection(
    principal: string | null,
    source: SockAddr | null,
    destination: SockAddr | null,
    serverName: string,
    forAllRequests = false,
  ): this {
    this.principal = principal;
    this.source = source;
    this.destination = destination;
    this.serverName = serverName;
    this.forAllRequests = forAllRequests;
    this.head = null;
    this.bytes = NO_BYTES;
    this.token = null;
    return this;
  }

  /** After `connection`. */
  request(head: MessageHead, bytes: Uint8Array, token: VerifiedToken | null): this {
    this.head = head;
    this.bytes = bytes;
    this.token = token;
    this.#hasPaths = false;
    this.#hasHost = false;
    return this;
  }

  /** The readings of the path; none for CONNECT, which has no path. */
  readPaths(head: MessageHead): PathReadings {
    if (this.#hasPaths) return this.paths;
    this.#hasPaths = true;
    if (head.pathLength > 0) this.paths.read(this.bytes, head.pathAt, head.pathLength);
    else if (head.isConnect) this.paths.count = 0;
    else if (head.absoluteForm) this.paths.read(ROOT, 0, 1);
    else this.paths.read(STAR, 0, 1);
    return this.paths;
  }

  readHost(head: MessageHead): HostReading {
    if (this.#hasHost) return this.host;
    this.#hasHost = true;
    this.host.read(this.bytes, head.authorityAt, head.authorityLength);
    return this.host;
  }
}
