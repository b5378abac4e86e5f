import { readFileSync } from 'node:fs';
import t from 'tap';
import * as errno from '../../../src/reactor/errno.ts';
import { Kernel } from '../../../src/reactor/kernel.ts';
import { openListener } from '../../../src/reactor/listen.ts';
import { MINIMUM_SLAB_BYTES } from '../../../src/reactor/slab.ts';
import type { SockAddr } from '../../../src/reactor/socket-address.ts';
import * as sys from '../../../src/reactor/syscalls.ts';
import { createFaultyCalls } from './support/faulty-calls.ts';
import { addressOf, createSlab, openDescriptors } from './support/world.ts';

const EBADF = -9;
const EINVAL = -22;
const ENOTSOCK = -88;
const ENOTCONN = -107;
const slab = createSlab(MINIMUM_SLAB_BYTES + 64);
const kernel = new Kernel(slab);
const { composeArea, receiveArea } = slab;

interface Pair {
  readonly listener: number;
  readonly client: number;
  readonly server: number;
  readonly address: SockAddr;
}

/** A connected pair over loopback. */
function connectPair(ip: string): Pair {
  const opened = openListener(kernel, addressOf(ip, 0), false);
  if (!opened.ok) throw new Error(opened.sentence);
  const address = kernel.localAddress(opened.fd);
  if (address === null) throw new Error('no address');
  const client = kernel.socket(address.family);
  kernel.connect(client, address);
  const server = kernel.accept(opened.fd);
  if (server < 0) throw new Error(`accept: ${server}`);
  return { listener: opened.fd, client, server, address };
}

function closePair({ listener, client, server }: Pair): void {
  for (const fd of [listener, client, server]) kernel.close(fd);
}

function sendText(fd: number, text: string): number {
  return kernel.send(fd, composeArea, slab.bytes.write(text, composeArea, 'latin1'));
}

function receiveText(fd: number): string | number {
  const n = kernel.receive(fd, receiveArea, 1000);
  return n < 0 ? n : slab.bytes.toString('latin1', receiveArea, receiveArea + n);
}

t.test('a connection, bytes both ways, FIN, on both families', async (t) => {
  for (const ip of ['127.0.0.1', '::1']) {
    const before = openDescriptors();
    const pair = connectPair(ip);
    t.ok(kernel.acceptedPeer()?.equals(kernel.localAddress(pair.client) ?? pair.address), `${ip}: peer`);
    t.equal(kernel.takeSocketError(pair.client), 0);
    t.equal(receiveText(pair.server), -errno.EAGAIN);
    t.equal(sendText(pair.client, 'hello'), 5);
    t.equal(receiveText(pair.server), 'hello');
    t.equal(kernel.shutdownWrite(pair.client), 0);
    t.equal(receiveText(pair.server), '', 'FIN');
    t.equal(sendText(pair.server, 'still'), 5);
    t.equal(receiveText(pair.client), 'still');
    closePair(pair);
    t.equal(openDescriptors(), before);
  }
});

t.test('every call on a closed descriptor answers EBADF', async (t) => {
  const calls: readonly (readonly [string, (fd: number) => number])[] = [
    ['bind', (fd) => kernel.bind(fd, addressOf('127.0.0.1', 0))],
    ['listen', (fd) => kernel.listen(fd, 1)],
    ['accept', (fd) => kernel.accept(fd)],
    ['connect', (fd) => kernel.connect(fd, addressOf('127.0.0.1', 1))],
    ['receive', (fd) => kernel.receive(fd, receiveArea, 1)],
    ['send', (fd) => kernel.send(fd, composeArea, 1)],
    ['shutdownWrite', (fd) => kernel.shutdownWrite(fd)],
    ['close', (fd) => kernel.close(fd)],
    ['duplicate', (fd) => kernel.duplicate(fd)],
    ['setOption', (fd) => kernel.setOption(fd, sys.SOL_SOCKET, sys.SO_KEEPALIVE, 1)],
    ['lingerZero', (fd) => kernel.lingerZero(fd)],
    ['takeSocketError', (fd) => -kernel.takeSocketError(fd)],
    ['epollControl', (fd) => kernel.epollControl(fd, sys.EPOLL_CTL_ADD, 0, 0, 0, 0)],
    ['epollWait', (fd) => kernel.epollWait(fd, 0)],
    ['drainEvent', (fd) => kernel.drainEvent(fd)],
    ['signalEvent', (fd) => kernel.signalEvent(fd)],
    ['setPipeSize', (fd) => kernel.setPipeSize(fd, 4096)],
    ['splice', (fd) => kernel.splice(fd, fd, 1)],
  ];
  for (const [name, call] of calls) t.equal(call(-1), EBADF, name);
  t.equal(kernel.localAddress(-1), null);
  t.equal(kernel.originalDestination(-1, 4), null);
});

t.test('sockets are non-blocking and close on exec', async (t) => {
  const pair = connectPair('127.0.0.1');
  const epoll = kernel.epollCreate();
  for (const fd of [pair.client, pair.server, pair.listener]) t.equal(flagsOf(fd) & NONBLOCK, NONBLOCK);
  for (const fd of [pair.client, pair.server, pair.listener, epoll]) t.equal(flagsOf(fd) & CLOEXEC, CLOEXEC);
  kernel.close(epoll);
  closePair(pair);
});

const NONBLOCK = 0o4000;
const CLOEXEC = 0o2000000;

function flagsOf(fd: number): number {
  const flags = /flags:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1];
  return Number.parseInt(flags ?? '0', 8);
}

t.test('a refused connection reports ECONNREFUSED once', async (t) => {
  for (const ip of ['127.0.0.1', '::1']) {
    const holder = kernel.socket(ip === '::1' ? 6 : 4);
    kernel.bind(holder, addressOf(ip, 0));
    const address = kernel.localAddress(holder);
    const fd = kernel.socket(ip === '::1' ? 6 : 4);
    t.equal(kernel.connect(fd, address ?? addressOf(ip, 1)), -errno.EINPROGRESS);
    t.equal(kernel.takeSocketError(fd), errno.ECONNREFUSED);
    t.equal(kernel.takeSocketError(fd), 0);
    kernel.close(fd);
    kernel.close(holder);
  }
});

t.test('lingerZero makes close send RST, and writing after it fails with EPIPE, without a signal', async (t) => {
  const pair = connectPair('127.0.0.1');
  sendText(pair.client, 'last words');
  kernel.lingerZero(pair.client);
  kernel.close(pair.client);
  t.equal(receiveText(pair.server), 'last words', 'bytes before the RST can be read');
  t.equal(receiveText(pair.server), -errno.ECONNRESET);
  t.equal(sendText(pair.server, 'x'), -errno.EPIPE);
  kernel.close(pair.server);
  kernel.close(pair.listener);
});

t.test('states that do not allow a call', async (t) => {
  const fd = kernel.socket(4);
  t.equal(kernel.shutdownWrite(fd), ENOTCONN);
  t.equal(kernel.accept(fd), EINVAL);
  t.equal(kernel.connect(fd, addressOf('::1', 1)), -97, 'the other family');
  t.equal(kernel.bind(fd, addressOf('192.0.2.1', 0)), -errno.EADDRNOTAVAIL);
  const event = kernel.eventDescriptor();
  t.equal(kernel.shutdownWrite(event), ENOTSOCK);
  t.equal(kernel.localAddress(event), null);
  t.equal(kernel.originalDestination(fd, 4), null, 'not redirected');
  kernel.close(event);
  kernel.close(fd);
});

t.test('offsets outside the slab never reach the kernel', async (t) => {
  const fd = kernel.socket(4);
  t.throws(() => kernel.receive(fd, slab.end - 1, 2), RangeError);
  t.throws(() => kernel.send(fd, slab.start - 1, 1), RangeError);
  t.throws(() => kernel.receive(fd, Number.NaN, 1), RangeError);
  kernel.close(fd);
});

t.test('epoll returns mask, slot and generation of each descriptor', async (t) => {
  const epoll = kernel.epollCreate();
  const events = Array.from({ length: 40 }, () => kernel.eventDescriptor());
  for (const [i, fd] of events.entries())
    kernel.epollControl(epoll, sys.EPOLL_CTL_ADD, fd, sys.EPOLLIN, 0xffffffff - i, 0x80000000 + i);
  t.equal(kernel.epollWait(epoll, 0), 0);
  for (const fd of events) kernel.signalEvent(fd);
  t.equal(kernel.epollWait(epoll, 100), events.length);
  const seen = events.map((_, i) => `${kernel.eventSlot(i)} ${kernel.eventGeneration(i)} ${kernel.eventMask(i)}`);
  t.same(new Set(seen), new Set(events.map((_, i) => `${0xffffffff - i} ${0x80000000 + i} ${sys.EPOLLIN}`)));
  t.equal(kernel.epollControl(epoll, sys.EPOLL_CTL_ADD, events[0] ?? -1, 0, 0, 0), -17, 'twice: EEXIST');
  t.equal(kernel.epollControl(epoll, sys.EPOLL_CTL_DEL, events[0] ?? -1, 0, 0, 0), 0);
  t.equal(kernel.epollControl(epoll, sys.EPOLL_CTL_MOD, events[0] ?? -1, 0, 0, 0), -2, 'gone: ENOENT');
  for (const fd of [...events, epoll]) kernel.close(fd);
});

t.test('an eventfd counts, and is emptied at once', async (t) => {
  const fd = kernel.eventDescriptor();
  t.equal(kernel.drainEvent(fd), -errno.EAGAIN);
  kernel.signalEvent(fd);
  kernel.signalEvent(fd);
  t.equal(kernel.drainEvent(fd), 8);
  t.equal(kernel.drainEvent(fd), -errno.EAGAIN);
  kernel.close(fd);
});

t.test('splice moves bytes from socket to pipe to socket', async (t) => {
  const from = connectPair('127.0.0.1');
  const to = connectPair('::1');
  t.equal(kernel.pipe(), 0);
  const { read, write } = kernel.pipeEnds();
  t.ok(kernel.setPipeSize(write, 1 << 20) >= 1 << 20);
  t.equal(kernel.splice(from.server, write, 1 << 20), -errno.EAGAIN);
  sendText(from.client, 'spliced');
  t.equal(kernel.splice(from.server, write, 1 << 20), 7);
  t.equal(kernel.splice(read, to.client, 7), 7);
  t.equal(receiveText(to.server), 'spliced');
  kernel.shutdownWrite(from.client);
  t.equal(kernel.splice(from.server, write, 1 << 20), 0, 'FIN');
  for (const fd of [read, write]) kernel.close(fd);
  closePair(from);
  closePair(to);
});

t.test('a call that a signal interrupts is made again where that is safe', async (t) => {
  const faulty = createFaultyCalls();
  const shaky = new Kernel(slab, faulty.calls);
  const pair = connectPair('127.0.0.1');
  shaky.pipe();
  const { read, write } = shaky.pipeEnds();
  const interrupt = (call: 'recv' | 'send' | 'splice'): void => {
    faulty.plans = [{ call, at: (faulty.counts.get(call) ?? 0) + 1, fault: errno.EINTR }];
  };
  interrupt('send');
  t.equal(shaky.send(pair.client, composeArea, 5), 5);
  interrupt('recv');
  t.equal(shaky.receive(pair.server, receiveArea, 3), 3);
  interrupt('splice');
  t.equal(shaky.splice(pair.server, write, 100), 2);
  const epoll = shaky.epollCreate();
  faulty.plans = [{ call: 'epoll_wait', at: 1, fault: errno.EINTR }];
  t.equal(shaky.epollWait(epoll, 0), 0, 'waiting for events ends early instead');
  t.equal(faulty.injected, 4);
  for (const fd of [read, write, epoll]) kernel.close(fd);
  closePair(pair);
});
