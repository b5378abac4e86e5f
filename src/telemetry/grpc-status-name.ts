/** The names of gRPC's status codes, in the order of their numbers (grpc.io, "Status codes"). */
const NAMES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;

/** @param status its number; '' = none was given. Returns the number itself where it has no name. */
export function grpcStatusName(status: string): string {
  return status === '' ? '' : (NAMES[Number(status)] ?? status);
}
