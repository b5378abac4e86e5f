/**
 * Run once before anything is built on the reactor: proves on this very kernel and Node binary that symbols resolve, that
 * structures lie where we think, that bytes and addresses arrive, and that errors arrive as numbers. Says plainly what is wrong.
 */
import { describeErrno, EAGAIN, ECONNREFUSED, EINPROGRESS } from './errno.ts';
import { Kernel } from './kernel.ts';
import { bindLibssl, type LibSsl } from './libssl.ts';
import { openListener } from './listen.ts';
import { MINIMUM_SLAB_BYTES, Slab } from './slab.ts';
import { parseSockAddr, readSockAddr, type SockAddr, writeSockAddr } from './socket-address.ts';
import { bindCalls, EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLLERR, EPOLLIN, EPOLLOUT, type RawCalls } from './syscalls.ts';

/** Loopback answers within microseconds; only a broken machine needs this long. */
const WAIT_MS = 1_000;
const EBADF = 9;
/** OpenSSL_version_num() has it in its top four bits. */
const OPENSSL_MAJOR = 3n;
const MAJOR_SHIFT = 28n;
/** Both halves of epoll's data, every byte different. */
const SLOT = 0x01020304;
const GENERATION = 0xf5f6f7f8;

/**
 * @param bind binds the system calls, `bindSsl` OpenSSL; a test passes calls that misbehave
 * @returns null when all is well, else one sentence that names what does not work here
 */
export function selfTest(bind: () => RawCalls = bindCalls, bindSsl: () => SslVersion = bindLibssl): string | null {
  if (process.platform !== 'linux') return `Towpath needs Linux, this is ${process.platform}`;
  if (process.arch !== 'x64' && process.arch !== 'arm64')
    return `Towpath needs x86-64 or arm64, this is ${process.arch}`;
  if (new Uint8Array(new Uint32Array([1]).buffer)[0] !== 1) return 'Towpath needs a little-endian machine';
  try {
    const slab = new Slab(new ArrayBuffer(MINIMUM_SLAB_BYTES + 64), 0, MINIMUM_SLAB_BYTES + 64);
    const run = new SelfTest(new Kernel(slab, bind()));
    try {
      const problem = run.checkAddresses() ?? run.checkErrno() ?? run.checkEpoll() ?? run.checkLoopback();
      return problem ?? checkOpenssl(bindSsl());
    } finally {
      run.closeAll();
    }
  } catch (error) {
    return `the system-call layer does not work with this Node (${process.version}): ${error instanceof Error ? error.message : error}`;
  }
}

type SslVersion = Pick<LibSsl, 'OpenSSL_version_num'>;

function checkOpenssl(lib: SslVersion): string | null {
  const major = lib.OpenSSL_version_num() >> MAJOR_SHIFT;
  return major === OPENSSL_MAJOR ? null : `Towpath needs OpenSSL ${OPENSSL_MAJOR}, this Node carries ${major}`;
}

class SelfTest {
  readonly #kernel: Kernel;
  readonly #open: number[] = [];
  #epoll = -1;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  closeAll(): void {
    for (const fd of this.#open) this.#kernel.close(fd);
  }

  checkAddresses(): string | null {
    const { slab } = this.#kernel;
    for (const text of ['127.0.0.1', '255.254.253.252', '::1', 'fd00:1:2:3:4:5:6:7']) {
      const address = parseSockAddr(text, 65535);
      if (address === null) return `address ${text} is not understood`;
      writeSockAddr(slab, slab.scratch, address);
      if (readSockAddr(slab, slab.scratch)?.toString() !== address.toString())
        return `address ${text} does not survive`;
    }
    return null;
  }

  checkErrno(): string | null {
    const r = this.#kernel.close(-1);
    return r === -EBADF ? null : `close(-1) answered ${r} instead of ${-EBADF} (EBADF): errno cannot be read`;
  }

  /** Event data and mask come back as given. */
  checkEpoll(): string | null {
    const kernel = this.#kernel;
    this.#epoll = this.#keep(kernel.epollCreate(), 'epoll_create1');
    const event = this.#keep(kernel.eventDescriptor(), 'eventfd');
    kernel.epollControl(this.#epoll, EPOLL_CTL_ADD, event, EPOLLIN, SLOT, GENERATION);
    kernel.signalEvent(event);
    if (kernel.epollWait(this.#epoll, WAIT_MS) !== 1) return 'epoll does not report a ready descriptor';
    const same = kernel.eventSlot(0) === SLOT && kernel.eventGeneration(0) === GENERATION;
    if (!same || kernel.eventMask(0) !== EPOLLIN) return 'struct epoll_event is laid out differently here';
    kernel.drainEvent(event);
    return kernel.epollWait(this.#epoll, 0) === 0 ? null : 'an emptied eventfd is still reported as ready';
  }

  /** A real connection: connect, accept with the peer's address, bytes, and a refused port. */
  checkLoopback(): string | null {
    const kernel = this.#kernel;
    const opened = openListener(kernel, loopback(), false);
    if (!opened.ok) return opened.sentence;
    const listener = this.#keep(opened.fd, 'listen');
    if (kernel.accept(listener) !== -EAGAIN) return 'accept4 on an idle listener does not answer EAGAIN';
    const target = kernel.localAddress(listener);
    if (target === null || target.ip !== '127.0.0.1') return `getsockname says ${target} for a listener on 127.0.0.1`;
    const client = this.#keep(kernel.socket(4), 'socket');
    if (kernel.connect(client, target) !== -EINPROGRESS) return 'connect does not begin in the background';
    if (!this.#ready(listener, EPOLLIN)) return 'a connection over loopback does not arrive';
    const server = this.#keep(kernel.accept(listener), 'accept4');
    const peer = kernel.acceptedPeer();
    const own = kernel.localAddress(client);
    if (peer === null || own === null || !peer.equals(own)) return `accept4 says ${peer} for a peer that is ${own}`;
    return this.#checkBytes(client, server) ?? this.#checkRefusal();
  }

  #checkBytes(client: number, server: number): string | null {
    const { slab } = this.#kernel;
    const { composeArea, receiveArea } = slab;
    slab.view.setUint32(composeArea, GENERATION);
    if (this.#kernel.takeSocketError(client) !== 0) return 'a connected socket reports an error';
    if (this.#kernel.receive(server, receiveArea, 64) !== -EAGAIN) return 'recv with nothing sent is not EAGAIN';
    if (this.#kernel.send(client, composeArea, 4) !== 4) return 'four bytes cannot be sent over loopback';
    if (!this.#ready(server, EPOLLIN)) return 'bytes sent over loopback do not arrive';
    if (this.#kernel.receive(server, receiveArea, 64) !== 4) return 'not as many bytes arrive as were sent';
    return slab.view.getUint32(receiveArea) === GENERATION ? null : 'other bytes arrive than were sent';
  }

  /** A bound socket that does not listen holds a port which surely refuses. */
  #checkRefusal(): string | null {
    const kernel = this.#kernel;
    const holder = this.#keep(kernel.socket(4), 'socket');
    this.#keep(kernel.bind(holder, loopback()), 'bind', false);
    const target = kernel.localAddress(holder);
    const refused = this.#keep(kernel.socket(4), 'socket');
    if (target === null || kernel.connect(refused, target) !== -EINPROGRESS) return 'a second connect does not begin';
    if (!this.#ready(refused, EPOLLOUT, EPOLLERR)) return 'a refused connection is not reported';
    const error = kernel.takeSocketError(refused);
    return error === ECONNREFUSED ? null : `a refused connection reports ${error} instead of ${ECONNREFUSED}`;
  }

  /** Waits until `fd` reports `event`. */
  #ready(fd: number, asked: number, event = asked): boolean {
    const kernel = this.#kernel;
    this.#keep(kernel.epollControl(this.#epoll, EPOLL_CTL_ADD, fd, asked, SLOT, GENERATION), 'epoll_ctl', false);
    const happened = kernel.epollWait(this.#epoll, WAIT_MS) === 1 && (kernel.eventMask(0) & event) !== 0;
    kernel.epollControl(this.#epoll, EPOLL_CTL_DEL, fd, 0, 0, 0);
    return happened;
  }

  /** @throws Error when the call failed */
  #keep(result: number, call: string, isDescriptor = true): number {
    if (result < 0) throw new Error(`${call}: ${describeErrno(-result)}`);
    if (isDescriptor) this.#open.push(result);
    return result;
  }
}

function loopback(): SockAddr {
  const address = parseSockAddr('127.0.0.1', 0);
  if (address === null) throw new Error('127.0.0.1 is not understood');
  return address;
}
