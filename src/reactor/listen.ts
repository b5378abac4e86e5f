/** Opens the listening sockets of the data threads, in the main thread, which keeps them over the life of any one thread. */
import { describeErrno, EADDRINUSE } from './errno.ts';
import type { Kernel } from './kernel.ts';
import type { SockAddr } from './socket-address.ts';
import { IPV6_V6ONLY, SO_REUSEADDR, SO_REUSEPORT, SOL_IPV6, SOL_SOCKET, SOL_TCP, TCP_NODELAY } from './syscalls.ts';

const BACKLOG = 4096;

export type ListenResult =
  | { readonly ok: true; readonly fd: number }
  /** `clash`: another program has the port. */
  | { readonly ok: false; readonly clash: boolean; readonly sentence: string };

/**
 * A non-blocking listener on `address`. IPv6 listeners take IPv6 only. With `shared`, several descriptors may listen on the
 * same port (SO_REUSEPORT), one for each data thread, and the kernel spreads connections over them.
 */
export function openListener(kernel: Kernel, address: SockAddr, shared: boolean): ListenResult {
  const fd = kernel.socket(address.family);
  if (fd < 0) return { ok: false, clash: false, sentence: `cannot open a socket: ${describeErrno(-fd)}` };
  kernel.setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (shared) kernel.setOption(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  if (address.family === 6) kernel.setOption(fd, SOL_IPV6, IPV6_V6ONLY, 1);
  // Accepted connections inherit it: one call less for each.
  kernel.setOption(fd, SOL_TCP, TCP_NODELAY, 1);
  const bound = kernel.bind(fd, address);
  const listening = bound < 0 ? bound : kernel.listen(fd, BACKLOG);
  if (listening >= 0) return { ok: true, fd };
  kernel.close(fd);
  const clash = -listening === EADDRINUSE;
  return { ok: false, clash, sentence: `cannot listen on ${address}: ${describeErrno(-listening)}` };
}
