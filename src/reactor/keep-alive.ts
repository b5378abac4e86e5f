import type { Kernel } from './kernel.ts';
import { SO_KEEPALIVE, SOL_SOCKET, SOL_TCP, TCP_KEEPIDLE, TCP_KEEPINTVL } from './syscalls.ts';

/** First probe after this much silence, then one each interval, in seconds (tcp(7)). */
const IDLE_S = 300;
const INTERVAL_S = 30;

/** Lets the kernel probe a silent peer, so that a dead one is noticed after minutes instead of never. */
export function enableKeepAlive(kernel: Kernel, fd: number): void {
  kernel.setOption(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  kernel.setOption(fd, SOL_TCP, TCP_KEEPIDLE, IDLE_S);
  kernel.setOption(fd, SOL_TCP, TCP_KEEPINTVL, INTERVAL_S);
}
