/** One address that traffic can be sent to, with what this thread knows about it. Shared by every cluster that lists it. */
import type { SockAddr } from '../../reactor/socket-address.ts';
import type { RequestSeries } from '../request-meter.ts';
import type { HopTls } from '../upstream/hop-tls.ts';
import { IdleLesson } from '../upstream/idle-lesson.ts';
import type { StreamPool } from '../upstream/stream-pool.ts';
import type { Destination, UpstreamConnection } from '../upstream/upstream-connection.ts';
import type { PeakLatency } from './peak-latency.ts';

export class Endpoint implements Destination {
  readonly address: SockAddr;
  /** `ip:port`, for labels and sentences. */
  readonly text: string;
  /** SO_MARK for dials, 0 = none: inbound dials to the local program carry one. */
  readonly mark: number;
  /** null = without TLS. */
  readonly tls: HopTls | null;
  /** Requests and opaque connections in flight. */
  active = 0;
  /** Connections that are open, or being established, for whatever cluster. */
  connections = 0;
  /** Kept-alive HTTP/1.1 connections not in use; the last one returned is the first one taken. */
  readonly idle: UpstreamConnection[] = [];
  readonly idleLesson = new IdleLesson();
  /** HTTP/2 connections, null before the first. */
  http2: StreamPool | null = null;
  /** Clusters of the current view that list this endpoint; 0 = only original destinations use it. */
  references = 0;
  /** Request counters by scope (route rule or service port), forgotten with the view that made the scope. */
  readonly series = new WeakMap<object, RequestSeries>();
  /** What PeakEWMA knows of it; null: no cluster with that balancer has asked. */
  latency: PeakLatency | null = null;
  /** ms of the reactor's clock, 0 = never used. */
  lastUsed = 0;

  constructor(address: SockAddr, mark: number, tls: HopTls | null = null) {
    this.address = address;
    this.text = address.toString();
    this.mark = mark;
    this.tls = tls;
  }
}
