/** How requests ended, as agents report it: `<code> <flags> <grpc status>`. */

export interface Ending {
  readonly code: string;
  readonly flags: string;
  readonly grpcStatus: string;
}

/** gRPC statuses that say that the service failed, not its caller (OpenTelemetry, "gRPC"). */
const GRPC_FAILURES: ReadonlySet<string> = new Set(['2', '4', '12', '13', '14', '15']);
/** The client went away: nobody knows how it would have ended. */
const CLIENT_GONE = 'DC';

export function parseEnding(text: string): Ending {
  const [code = '', flags = '', grpcStatus = ''] = text.split(' ', 3);
  return { code, flags, grpcStatus };
}

/** Answered 5xx, with a gRPC status of the kind, or not at all although the client waited. */
export function isFailure({ code, flags, grpcStatus }: Ending): boolean {
  if (code === '0') return flags !== CLIENT_GONE;
  return code.startsWith('5') || GRPC_FAILURES.has(grpcStatus);
}
