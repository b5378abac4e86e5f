/**
 * A relay of 300 KB each way with half-closes, run once for every system call that it makes and every fault that this call
 * can meet. Whatever happens: equal bytes and a clean end, or one error told to the owner and a reset seen by the peers.
 */
import t from 'tap';
import * as errno from '../../../src/reactor/errno.ts';
import { MINIMUM_SLAB_BYTES } from '../../../src/reactor/slab.ts';
import { type CallName, createFaultyCalls, type Fault, type FaultPlan } from './support/faulty-calls.ts';
import { pattern } from './support/peer.ts';
import { RawPeer, RawServer } from './support/raw-peer.ts';
import { Relay } from './support/relay.ts';
import { createWorld, destroyWorld, listen, openDescriptors, type World } from './support/world.ts';

const BYTES = 300_000;
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
  'read',
  'write',
  'shutdown',
  'splice',
  'pipe2',
  'fcntl',
];
const faulty = createFaultyCalls();
const server = new RawServer('127.0.0.1');

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
function step(peer: RawPeer, feed: { readonly bytes: Buffer; sent: number; over: boolean }): void {
  if (feed.sent < feed.bytes.length) feed.sent += peer.send(feed.bytes.subarray(feed.sent, feed.sent + 65536));
  else if (!feed.over) {
    feed.over = true;
    peer.fin();
  }
  peer.read();
}

function run(plan: FaultPlan | null, spliceAfter: number): Outcome {
  faulty.plan = null;
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
  faulty.counts.clear();
  faulty.injected = false;
  faulty.plan = plan;
  const client = RawPeer.connect(address);
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
    step(client, clientFeed);
    upstream ??= server.tryAccept();
    if (upstream !== null) step(upstream, serverFeed);
    world.reactor.turn(turns < 50 ? 0 : 5);
  }
  return { world, client, upstream, relay, refused, turns };
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
  if (endings[0] !== 'closed')
    return client.error === ECONNRESET ? null : `${endings}, but the client saw ${client.error}`;
  if (!client.ended || upstream === null || !upstream.ended) return 'closed without FIN';
  if (client.data.length !== BYTES || atServer.length !== BYTES) return 'closed before everything had arrived';
  return null;
}

function finish({ world, client, upstream }: Outcome): void {
  faulty.plan = null;
  destroyWorld(world);
  client.close();
  upstream?.close();
  for (let left = server.tryAccept(); left !== null; left = server.tryAccept()) left.close();
}

for (const [mode, spliceAfter] of [
  ['copying', Number.POSITIVE_INFINITY],
  ['splicing', 100_000],
] as const) {
  t.test(`a relay without faults, ${mode}`, async (t) => {
    const outcome = run(null, spliceAfter);
    t.equal(judge(outcome), null);
    t.equal(outcome.relay?.spliced, mode === 'splicing');
    finish(outcome);
  });

  t.test(`every fault at every call of a relay, ${mode}`, async (t) => {
    const plain = run(null, spliceAfter);
    const counts = new Map(faulty.counts);
    finish(plain);
    const before = openDescriptors();
    const wrong: string[] = [];
    let runs = 0;
    let injected = 0;
    const attempt = (plan: FaultPlan): void => {
      const outcome = run(plan, spliceAfter);
      runs++;
      if (faulty.injected) injected++;
      const verdict = judge(outcome);
      finish(outcome);
      const leak = openDescriptors() - before;
      if (verdict !== null || leak !== 0) {
        wrong.push(
          `${plan.call} ${plan.at}, ${plan.fault}: ${verdict ?? ''}${leak === 0 ? '' : ` ${leak} descriptors leaked`}`,
        );
      }
    };
    for (const call of CALLS) {
      for (let at = 1; at <= (counts.get(call) ?? 0); at++) {
        for (const fault of FAULTS) {
          if (fault !== 'short' || call === 'read' || call === 'write' || call === 'splice')
            attempt({ call, at, fault });
        }
      }
    }
    for (let at = 1; at <= 20; at++) attempt({ call: 'epoll_wait', at, fault: EINTR });
    t.same(wrong, []);
    t.ok(injected > runs * 0.9, `${injected} faults met in ${runs} runs`);
    t.comment(`${runs} runs, ${injected} faults: ${[...counts].map(([name, n]) => `${name} ${n}`).join(', ')}`);
  });
}

t.teardown(() => server.close());
