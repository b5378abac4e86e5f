/**
 * A relay of 300 KB each way with half-closes, run once for every system call that it makes and every fault that this call
 * can meet. Whatever happens: equal bytes and a clean end, or one error told to the owner and a reset seen by the peers.
 */
import fc from 'fast-check';
import t from 'tap';
import * as errno from '../../../src/reactor/errno.ts';
import { MINIMUM_SLAB_BYTES } from '../../../src/reactor/slab.ts';
import { SOL_SOCKET } from '../../../src/reactor/syscalls.ts';
import { type CallName, createFaultyCalls, type Fault, type FaultPlan } from './support/faulty-calls.ts';
import { pattern } from './support/peer.ts';
import { peerKernel, RawPeer, RawServer } from './support/raw-peer.ts';
import { Relay } from './support/relay.ts';
import { createWorld, destroyWorld, listen, openDescriptors, type World } from './support/world.ts';

const BYTES = 300_000;
/** Kernel buffers of the slow mode: the relay meets full sockets and has to wait for them. */
const SLOW_BUFFER = 32 * 1024;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const FROM_CLIENT = pattern(1, 0, BYTES);
const FROM_SERVER = pattern(2, 0, BYTES);
const MAX_TURNS = 600;
const { EAGAIN, EINTR, ECONNRESET, EPIPE, ENOBUFS, EMFILE } = errno;
const FAULTS: readonly Fault[] = [EAGAIN, EINTR, 'short', ECONNRESET, EPIPE, ENOBUFS, EMFILE];
/** close(2) never fails in a way that leaves the descriptor open; epoll_wait is only ever interrupted. */
const CALLS: readonly CallName[] = [
  'accept4',
  'socket',
  'connect',
  'setsockopt',
  'getsockopt',
  'epoll_ctl',
  'recv',
  'send',
  'shutdown',
  'splice',
  'pipe2',
  'fcntl',
];
const faulty = createFaultyCalls();
const servers = { quick: new RawServer('127.0.0.1'), slow: new RawServer('127.0.0.1') };
peerKernel.setOption(servers.slow.fd, SOL_SOCKET, SO_RCVBUF, SLOW_BUFFER);

interface Mode {
  readonly name: string;
  readonly spliceAfter: number;
  readonly pace: 'quick' | 'slow';
}
const NEVER = Number.POSITIVE_INFINITY;
const MODES: readonly Mode[] = [
  { name: 'copying', spliceAfter: NEVER, pace: 'quick' },
  { name: 'splicing', spliceAfter: 100_000, pace: 'quick' },
  { name: 'copying to slow peers', spliceAfter: NEVER, pace: 'slow' },
  { name: 'splicing to slow peers', spliceAfter: 50_000, pace: 'slow' },
];

interface Outcome {
  readonly world: World;
  readonly client: RawPeer;
  readonly upstream: RawPeer | null;
  readonly relay: Relay | null;
  /** Told to the owner of the listener or of the dial. */
  readonly refused: number[];
  readonly turns: number;
}

/** One connection's feed: the rest of its bytes, then FIN; and everything that arrives is read. */
function step(peer: RawPeer, feed: { readonly bytes: Buffer; sent: number; over: boolean }, pace: Mode['pace']): void {
  if (feed.sent < feed.bytes.length) feed.sent += peer.send(feed.bytes.subarray(feed.sent, feed.sent + 65536));
  else if (!feed.over) {
    feed.over = true;
    peer.fin();
  }
  peer.read(pace === 'slow' ? 20_000 : NEVER);
}

function run(plans: readonly FaultPlan[], { spliceAfter, pace }: Mode): Outcome {
  faulty.plans = [];
  const server = servers[pace];
  const world = createWorld({ slabBytes: MINIMUM_SLAB_BYTES + 64, sockets: 16 }, faulty.calls);
  world.descriptors.takeReserve(world.kernel);
  let relay: Relay | null = null;
  const refused: number[] = [];
  const shed = (code: number): void => void refused.push(code);
  const address = listen(
    world,
    '127.0.0.1',
    (socket) => {
      const dialled = world.reactor.dial(server.address, 0, socket.handler);
      if (typeof dialled === 'number') {
        refused.push(dialled);
        return world.reactor.reset(socket);
      }
      relay = new Relay(world, socket, dialled, spliceAfter);
    },
    shed,
  );
  if (pace === 'slow') for (const fd of world.listeners) world.kernel.setOption(fd, SOL_SOCKET, SO_SNDBUF, SLOW_BUFFER);
  faulty.counts.clear();
  faulty.injected = 0;
  faulty.plans = plans;
  const client = RawPeer.connect(address, pace === 'slow' ? SLOW_BUFFER : 0);
  const feeds = [FROM_CLIENT, FROM_SERVER].map((bytes) => ({ bytes, sent: 0, over: false }));
  const [clientFeed, serverFeed] = feeds as [(typeof feeds)[number], (typeof feeds)[number]];
  let upstream: RawPeer | null = null;
  let turns = 0;
  const isOver = (): boolean => {
    const clientOver = client.ended || client.error !== 0;
    return (
      clientOver && (upstream === null || upstream.ended || upstream.error !== 0) && world.reactor.openSockets === 0
    );
  };
  for (; turns < MAX_TURNS && !isOver(); turns++) {
    step(client, clientFeed, pace);
    upstream ??= server.tryAccept();
    if (upstream !== null) step(upstream, serverFeed, pace);
    world.reactor.turn(turns < 50 ? 0 : 5);
  }
  return { world, client, upstream, relay, refused, turns };
}

/**
 * Whether a peer knows of a relay's error: by the reset, or it needs not know, since its whole stream and the FIN came before
 * the error (Linux tells no reader of a reset after FIN; a writer gets EPIPE).
 */
function isTold(peer: RawPeer): boolean {
  if (peer.ended) return peer.data.length === BYTES;
  return peer.error === ECONNRESET || peer.error === EPIPE;
}

function saw(peer: RawPeer): string {
  return `error ${peer.error}, ${peer.ended ? 'FIN' : 'no FIN'}, ${peer.data.length} bytes`;
}

/** null when the outcome is one of those allowed, else what is wrong with it. */
function judge(outcome: Outcome): string | null {
  const { world, client, upstream, relay, refused, turns } = outcome;
  if (turns === MAX_TURNS) return 'did not end';
  if (world.thrown.length > 0) return `threw ${world.thrown}`;
  if (world.reactor.openSockets > 0) return `${world.reactor.openSockets} sockets left`;
  if (world.slab.chunksInUse > 0) return `${world.slab.chunksInUse} chunks left`;
  if (!FROM_SERVER.subarray(0, client.data.length).equals(client.data)) return 'the client got other bytes';
  const atServer = upstream?.data ?? Buffer.alloc(0);
  if (!FROM_CLIENT.subarray(0, atServer.length).equals(atServer)) return 'the server got other bytes';
  const endings = [...(relay?.endings ?? []), ...(relay === null ? refused.map((code) => `refused ${code}`) : [])];
  if (endings.length !== 1) return `ended ${endings.length} times: ${endings}`;
  if (endings[0] !== 'closed') {
    if (!isTold(client)) return `${endings}, but the client saw ${saw(client)}`;
    return upstream === null || isTold(upstream) ? null : `${endings}, but the server saw ${saw(upstream)}`;
  }
  if (!client.ended || upstream === null || !upstream.ended) return 'closed without FIN';
  if (client.data.length !== BYTES || atServer.length !== BYTES) return 'closed before everything had arrived';
  return null;
}

function finish({ world, client, upstream }: Outcome): void {
  faulty.plans = [];
  destroyWorld(world);
  client.close();
  upstream?.close();
  for (const server of Object.values(servers))
    for (let left = server.tryAccept(); left !== null; left = server.tryAccept()) left.close();
}

/** Runs plans and keeps what was wrong with each. */
class Sweep {
  readonly wrong: string[] = [];
  runs = 0;
  injected = 0;
  readonly #mode: Mode;
  readonly #before = openDescriptors();

  constructor(mode: Mode) {
    this.#mode = mode;
  }

  attempt(...plans: FaultPlan[]): void {
    const outcome = run(plans, this.#mode);
    this.runs++;
    this.injected += faulty.injected;
    const verdict = judge(outcome);
    finish(outcome);
    const leak = openDescriptors() - this.#before;
    if (verdict === null && leak === 0) return;
    const what = plans.map(({ call, at, fault }) => `${call} ${at} ${fault}`).join(', ');
    this.wrong.push(`${what}: ${verdict ?? ''}${leak === 0 ? '' : ` ${leak} descriptors leaked`}`);
  }
}

function canBeShort(call: CallName): boolean {
  return call === 'recv' || call === 'send' || call === 'splice';
}

for (const mode of MODES) {
  t.test(`a relay without faults, ${mode.name}`, async (t) => {
    const outcome = run([], mode);
    t.equal(judge(outcome), null);
    t.equal(outcome.relay?.spliced, mode.spliceAfter !== NEVER);
    finish(outcome);
  });

  t.test(`every fault at every call of a relay, ${mode.name}`, async (t) => {
    finish(run([], mode));
    const counts = new Map(faulty.counts);
    const sweep = new Sweep(mode);
    for (const call of CALLS) {
      for (let at = 1; at <= (counts.get(call) ?? 0); at++) {
        for (const fault of FAULTS) if (fault !== 'short' || canBeShort(call)) sweep.attempt({ call, at, fault });
      }
    }
    for (let at = 1; at <= 10; at++) sweep.attempt({ call: 'epoll_wait', at, fault: EINTR });
    t.same(sweep.wrong, []);
    t.ok(sweep.injected > sweep.runs * 0.8, `${sweep.injected} faults met in ${sweep.runs} runs`);
    t.comment([...counts].map(([name, n]) => `${name} ${n}`).join(', '));
  });

  t.test(`several faults at random, ${mode.name}`, async (t) => {
    const fault = fc.record({
      // Not setsockopt: without SO_LINGER no reset can be sent, which Linux never refuses.
      call: fc.constantFrom<CallName>('recv', 'send', 'splice', 'epoll_ctl', 'accept4', 'connect', 'pipe2'),
      at: fc.integer({ min: 1, max: 20 }),
      // Mostly those that a relay survives, so that several are met.
      fault: fc.constantFrom<Fault>(EAGAIN, EINTR, 'short', EAGAIN, EINTR, 'short', ...FAULTS),
    });
    const sweep = new Sweep(mode);
    for (const plans of fc.sample(fc.array(fault, { minLength: 4, maxLength: 20 }), { numRuns: 150, seed: 11 })) {
      sweep.attempt(...plans.filter((plan) => plan.fault !== 'short' || canBeShort(plan.call)));
    }
    t.same(sweep.wrong, []);
    t.ok(sweep.injected > sweep.runs);
  });
}

t.teardown(() => {
  for (const server of Object.values(servers)) server.close();
});
