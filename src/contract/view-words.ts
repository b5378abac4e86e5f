/** Words that all views share. */

/** Newest wins: a higher epoch first, then a higher gen. `epoch` rises when the store was recreated; `gen` with every change. */
export interface ViewVersion {
  readonly epoch: number;
  readonly gen: number;
  /** sha256 (hex, 16 characters) of the content without the version: equal content is never published twice. */
  readonly hash: string;
}

/** `<namespace>/<name>` of a Service. */
export type ServiceKey = string;
/** `<namespace>/<name>:<port>`: one port of a Service seen as a set of endpoints. */
export type ClusterKey = string;

export type AppProtocol = 'auto' | 'http1' | 'http2' | 'grpc' | 'tls' | 'tcp';
