/** Linux error numbers that the data thread distinguishes (asm-generic/errno-base.h, errno.h). */
export const EINTR = 4;
export const EAGAIN = 11;
export const ENOMEM = 12;
export const ENFILE = 23;
export const EMFILE = 24;
export const EPIPE = 32;
export const EPROTO = 71;
export const EADDRINUSE = 98;
export const EADDRNOTAVAIL = 99;
export const ENETUNREACH = 101;
export const ECONNABORTED = 103;
export const ECONNRESET = 104;
export const ENOBUFS = 105;
export const ETIMEDOUT = 110;
export const ECONNREFUSED = 111;
export const EHOSTUNREACH = 113;
export const EINPROGRESS = 115;

const NAMES: Readonly<Record<number, string>> = {
  1: 'operation not permitted',
  9: 'bad descriptor',
  [ENOMEM]: 'out of memory',
  13: 'permission denied',
  22: 'invalid argument',
  [ENFILE]: 'the system is out of descriptors',
  [EMFILE]: 'out of descriptors',
  [EPIPE]: 'the peer has closed the connection',
  [EPROTO]: 'protocol error',
  97: 'address family not supported',
  [EADDRINUSE]: 'address in use',
  [EADDRNOTAVAIL]: 'no local port left for this destination',
  [ENETUNREACH]: 'network unreachable',
  [ECONNABORTED]: 'connection aborted',
  [ECONNRESET]: 'connection reset by the peer',
  [ENOBUFS]: 'no buffer space',
  [ETIMEDOUT]: 'timed out',
  [ECONNREFUSED]: 'connection refused',
  [EHOSTUNREACH]: 'no route to the host',
};

/** Passes a result of the kernel on. @throws Error naming the call `what` and the reason when it failed */
export function check(result: number, what: string): number {
  if (result < 0) throw new Error(`${what}: ${describeErrno(-result)}`);
  return result;
}

/** Plain words for an error number, for sentences that people read. */
export function describeErrno(errno: number): string {
  return NAMES[errno] ?? `error ${errno}`;
}
