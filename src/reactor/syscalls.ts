/**
 * System calls from TypeScript: the only importer of node:ffi. Everything outside this file, slab.ts and the TLS folder holds
 * offsets into the slab, never pointers. Results follow the kernel's own convention: >= 0 success, -errno failure.
 */
import ffi from 'node:ffi';
import { bindBare } from './bare-functions.ts';

/** linux/socket.h, asm-generic/socket.h, linux/tcp.h, linux/netfilter_ipv4.h, linux/epoll.h */
export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_NETLINK = 16;
export const NETLINK_NETFILTER = 12;
export const SOCK_STREAM = 1;
export const SOCK_RAW = 3;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;
export const SOL_IP = 0;
export const SOL_SOCKET = 1;
export const SOL_TCP = 6;
export const SOL_IPV6 = 41;
export const SO_REUSEADDR = 2;
export const SO_ERROR = 4;
export const SO_KEEPALIVE = 9;
export const SO_LINGER = 13;
export const SO_REUSEPORT = 15;
export const SO_RCVLOWAT = 18;
export const SO_MARK = 36;
export const SO_ORIGINAL_DST = 80;
export const IPV6_V6ONLY = 26;
export const TCP_NODELAY = 1;
export const TCP_INFO = 11;
/** First byte of what TCP_INFO gives: the state (linux/tcp_states.h). */
export const TCP_ESTABLISHED = 1;
export const TCP_KEEPIDLE = 4;
export const TCP_KEEPINTVL = 5;
export const SHUT_WR = 1;
export const MSG_NOSIGNAL = 0x4000;
export const EPOLLIN = 1;
export const EPOLLOUT = 4;
export const EPOLLERR = 8;
export const EPOLLHUP = 16;
export const EPOLLRDHUP = 0x2000;
export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;
export const F_SETPIPE_SZ = 1031;
export const SPLICE_F_MOVE_NONBLOCK = 3;

const SIGNATURES = {
  socket: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
  setsockopt: { arguments: ['i32', 'i32', 'i32', 'u64', 'u32'], return: 'i32' },
  getsockopt: { arguments: ['i32', 'i32', 'i32', 'u64', 'u64'], return: 'i32' },
  bind: { arguments: ['i32', 'u64', 'u32'], return: 'i32' },
  listen: { arguments: ['i32', 'i32'], return: 'i32' },
  accept4: { arguments: ['i32', 'u64', 'u64', 'i32'], return: 'i32' },
  getsockname: { arguments: ['i32', 'u64', 'u64'], return: 'i32' },
  connect: { arguments: ['i32', 'u64', 'u32'], return: 'i32' },
  recv: { arguments: ['i32', 'u64', 'u32', 'i32'], return: 'i32' },
  send: { arguments: ['i32', 'u64', 'u32', 'i32'], return: 'i32' },
  shutdown: { arguments: ['i32', 'i32'], return: 'i32' },
  close: { arguments: ['i32'], return: 'i32' },
  dup: { arguments: ['i32'], return: 'i32' },
  epoll_create1: { arguments: ['i32'], return: 'i32' },
  epoll_ctl: { arguments: ['i32', 'i32', 'i32', 'u64'], return: 'i32' },
  epoll_wait: { arguments: ['i32', 'u64', 'i32', 'i32'], return: 'i32' },
  eventfd: { arguments: ['u32', 'i32'], return: 'i32' },
  read: { arguments: ['i32', 'u64', 'u32'], return: 'i32' },
  write: { arguments: ['i32', 'u64', 'u32'], return: 'i32' },
  pipe2: { arguments: ['u64', 'i32'], return: 'i32' },
  fcntl: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
  splice: { arguments: ['i32', 'u64', 'i32', 'u64', 'u32', 'u32'], return: 'i32' },
  __errno_location: { arguments: [], return: 'u64' },
} as const;

type BoundCalls = ReturnType<typeof bindCalls>;

/** The calls as plain functions, so that a test can stand in front of each. */
export type RawCalls = {
  readonly [K in keyof BoundCalls]: BoundCalls[K] extends (...args: infer A) => infer R
    ? (...args: A) => R
    : BoundCalls[K];
};

/** The base address of a buffer. It stays valid while the buffer lives and its memory is not grown. */
export function addressOf(buffer: ArrayBuffer): bigint {
  return ffi.getRawPointer(buffer);
}

/**
 * Resolves every symbol from the running program (libc is linked into it).
 * @throws Error naming the missing symbol when the platform lacks one.
 */
export function bindCalls() {
  const functions = bindSymbols(SIGNATURES);
  // errno is a fixed address per thread: read it as memory, immediately after the failing call.
  const errnoCell = new Int32Array(ffi.toArrayBuffer(functions.__errno_location(), 4, false));
  return { ...functions, errnoCell };
}

/** An argument or result of a native function: a number, or an address. */
type Scalar = 'i32' | 'u32' | 'i64' | 'u64' | 'void';
export type Signatures = Readonly<
  Record<string, { readonly arguments: readonly Exclude<Scalar, 'void'>[]; readonly return: Scalar }>
>;

/** What the bound functions belong to: it must outlive them. */
const libraries: unknown[] = [];

/**
 * Binds functions of the running program (libc, and OpenSSL, which Node carries). Nothing checks their arguments.
 * @throws Error naming the first one that is missing
 */
export function bindSymbols<const T extends Signatures>(signatures: T) {
  return bindBare(() => {
    const { lib, functions } = ffi.dlopen(null, signatures);
    libraries.push(lib);
    return functions;
  });
}

/** A library handle for callbacks: they stay valid as long as it is reachable. */
const callbacks = new ffi.DynamicLibrary(null);

/**
 * The address of a function that native code may call, on this thread only, for as long as the thread lives.
 * @param call must never throw: Node ends the process when it does
 */
export function registerCallback(
  signature: { readonly arguments: readonly Exclude<Scalar, 'void'>[]; readonly return: 'i32' },
  call: (...args: never[]) => number,
): bigint {
  return callbacks.registerCallback(signature, call as (...args: (number | bigint)[]) => number);
}

/** Memory that native code has shown us. The caller knows that it is there and how long it is. */
export function copyBytes(address: bigint, length: number): Buffer {
  return ffi.toBuffer(address, length, true);
}

/** Text up to its NUL; '' for the null pointer. */
export function copyText(address: bigint): string {
  return ffi.toString(address) ?? '';
}

export function storeByte(address: bigint, value: number): void {
  ffi.setUint8(address, 0, value);
}

export function storeInt(address: bigint, value: number): void {
  ffi.setInt32(address, 0, value);
}

export function storePointer(address: bigint, value: bigint): void {
  ffi.setUint64(address, 0, value);
}
