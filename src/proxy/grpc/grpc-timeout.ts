/** The `grpc-timeout` field: at most eight digits and a unit (gRPC over HTTP/2, "Timeout"). */
import { isDigit } from '../codec/http1/bytes.ts';

const MAX_DIGITS = 8;
/** ms of each unit. */
const UNITS: Readonly<Record<string, number>> = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };
const MOST = 99_999_999;

/** Longest text that `formatGrpcTimeout` makes. */
export const GRPC_TIMEOUT_BYTES = MAX_DIGITS + 1;

/** ms, fractions included; -1 when the value is malformed, which the server may judge as it likes. */
export function parseGrpcTimeout(bytes: Uint8Array, at: number, length: number): number {
  const digits = length - 1;
  if (digits < 1 || digits > MAX_DIGITS) return -1;
  let value = 0;
  for (let i = at; i < at + digits; i++) {
    if (!isDigit(bytes[i])) return -1;
    value = value * 10 + (bytes[i] as number) - 0x30;
  }
  const unit = UNITS[String.fromCharCode(bytes[at + digits] as number)];
  return unit === undefined ? -1 : value * unit;
}

/** The finest unit that holds it, rounded down so that a server never gets more time than is left. @param ms 0 or more */
export function formatGrpcTimeout(ms: number): string {
  const micros = Math.max(0, Math.floor(ms * 1000));
  if (micros <= MOST) return `${micros}u`;
  const millis = Math.floor(ms);
  if (millis <= MOST) return `${millis}m`;
  const seconds = Math.floor(ms / 1000);
  return seconds <= MOST ? `${seconds}S` : `${Math.min(MOST, Math.floor(ms / 3_600_000))}H`;
}
