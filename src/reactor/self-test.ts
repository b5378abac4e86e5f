/**
 * Run once before anything is built on the reactor: proves on this very kernel and Node binary that symbols resolve, that
 * structures lie where we think, and that errors arrive as numbers. Says plainly what is wrong.
 */
import * as errno from './errno.ts';
import { Kernel } from './kernel.ts';
import { openListener } from './listen.ts';
import { MINIMUM_SLAB_BYTES, Slab } from './slab.ts';
import { parseSockAddr, readSockAddr, type SockAddr, writeSockAddr } from './socket-address.ts';
import { EPOLL_CTL_ADD, EPOLLIN } from './syscalls.ts';

/** @returns null when all is well, else one sentence that names what does not work here. */
export function selfTest(): string | null {
  if (process.platform !== 'linux') return `Towpath needs Linux, this is ${process.platform}`;
  if (process.arch !== 'x64' && process.arch !== 'arm64')
    return `Towpath needs x86-64 or arm64, this is ${process.arch}`;
  if (new Uint8Array(new Uint32Array([1]).buffer)[0] !== 1) return 'Towpath needs a little-endian machine';
  try {
    const slab = new Slab(new ArrayBuffer(MINIMUM_SLAB_BYTES + 64), 0, MINIMUM_SLAB_BYTES + 64);
    const kernel = new Kernel(slab);
    return checkAddresses(slab) ?? checkErrno(kernel) ?? checkEpoll(kernel);
  } catch (error) {
    return `the system-call layer does not work with this Node (${process.version}): ${error instanceof Error ? error.message : error}`;
  }
}

function checkAddresses(slab: Slab): string | null {
  for (const text of ['127.0.0.1', '255.254.253.252', '::1', 'fd00:1:2:3:4:5:6:7']) {
    const address = parseSockAddr(text, 65535);
    if (address === null) return `address ${text} is not understood`;
    writeSockAddr(slab, slab.scratch, address);
    if (readSockAddr(slab, slab.scratch)?.toString() !== address.toString()) return `address ${text} does not survive`;
  }
  return null;
}

function checkErrno(kernel: Kernel): string | null {
  const r = kernel.close(-1);
  return r === -9 ? null : `close(-1) answered ${r} instead of EBADF: errno cannot be read`;
}

/** An eventfd and a real loopback connection: event data, accept and its peer address, receive and send. */
function checkEpoll(kernel: Kernel): string | null {
  const open: number[] = [];
  const keep = (fd: number): number => {
    if (fd >= 0) open.push(fd);
    return fd;
  };
  try {
    const epoll = keep(kernel.epollCreate());
    const event = keep(kernel.eventDescriptor());
    kernel.epollControl(epoll, EPOLL_CTL_ADD, event, EPOLLIN, 0x01020304, 0xfffffff0);
    kernel.signalEvent(event);
    if (kernel.epollWait(epoll, 1000) !== 1) return 'epoll does not report a ready descriptor';
    const same = kernel.eventSlot(0) === 0x01020304 && kernel.eventGeneration(0) === 0xfffffff0;
    if (!same || kernel.eventMask(0) !== EPOLLIN) return 'struct epoll_event is laid out differently here';
    return checkLoopback(kernel, keep);
  } finally {
    for (const fd of open) kernel.close(fd);
  }
}

function checkLoopback(kernel: Kernel, keep: (fd: number) => number): string | null {
  const target = parseSockAddr('127.0.0.1', 1) as SockAddr;
  const refused = keep(kernel.socket(4));
  if (refused < 0) return `cannot open a socket: ${errno.describeErrno(-refused)}`;
  const listener = openListener(kernel, target.withPort(0), false);
  if (!listener.ok) return listener.sentence;
  keep(listener.fd);
  return kernel.accept(listener.fd) === -errno.EAGAIN ? null : 'accept4 on an idle listener does not answer EAGAIN';
}
