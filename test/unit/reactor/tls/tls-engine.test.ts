/** Limits of the engine as a whole: many handshakes at once, few buffers, faults at the system calls around OpenSSL. */
import t from 'tap';
import { EINTR, ENOMEM } from '../../../../src/reactor/errno.ts';
import { MINIMUM_SLAB_BYTES } from '../../../../src/reactor/slab.ts';
import { createFaultyCalls, type FaultPlan } from '../support/faulty-calls.ts';
import { pattern } from '../support/peer.ts';
import { send } from '../support/world.ts';
import { Pki } from './support/pki.ts';
import { type End, issueOrders, Rig, targetOf } from './support/rig.ts';

const pki = new Pki();
const orders = issueOrders(pki);

t.test('a crowd of handshakes is spread over turns, and everyone gets through', async (t) => {
  const rig = new Rig();
  const { address, ends } = rig.accept(rig.serverContext(orders));
  const target = targetOf(rig.clientContext(pki.ca.certificate), 'orders.example');
  const first = rig.dial(address.port, target);
  await rig.until(() => ends[0]?.socket.tls?.established === true && first.socket.tls?.established === true);
  const crowd = Array.from({ length: 200 }, () => rig.dial(address.port, target));
  let most = 0;
  let lastTurn = 0;
  rig.world.reactor.onTurn = () => {
    const done = [...crowd, ...ends].filter(({ socket }) => socket.tls?.established).length;
    most = Math.max(most, done - lastTurn);
    lastTurn = done;
  };
  send(rig.world, first.socket, 'me too');
  rig.world.reactor.turn(1);
  rig.world.reactor.turn(1);
  t.equal(ends[0].heard.text, 'me too', 'an established connection does not wait for them');
  await rig.until(() => crowd.every(({ socket }) => socket.tls?.established) && ends.length === 201);
  t.ok(most <= 8 + 2, `at most ${most} were finished in one turn`);
  rig.destroy();
});

t.test('with the smallest slab bytes still flow, and none is lost', async (t) => {
  const rig = new Rig({ slabBytes: MINIMUM_SLAB_BYTES + 64, sockets: 64 });
  const { address, ends } = rig.accept(rig.serverContext(orders));
  const target = targetOf(rig.clientContext(pki.ca.certificate), 'orders.example');
  const { slab, reactor } = rig.world;
  while (slab.freeLargeChunks > 4) slab.allocate(65_536);
  const client = rig.dial(address.port, target);
  await rig.until(() => ends[0]?.socket.tls?.established === true && client.socket.tls?.established === true);
  for (let at = 0; at < 1_000_000; at += 50_000) {
    if (!send(rig.world, client.socket, pattern(1, at, 50_000))) await rig.until(() => client.socket.pending === null);
  }
  await rig.until(() => ends[0].heard.bytes === 1_000_000);
  t.ok(ends[0].heard.data.equals(pattern(1, 0, 1_000_000)));
  reactor.close(client.socket);
  rig.destroy();
});

/** One exchange with faults; null when it ended well, or failed with an error told once to an end. */
async function attempt(
  plans: readonly FaultPlan[],
): Promise<{ verdict: string | null; injected: number; counts: ReadonlyMap<string, number> }> {
  const faulty = createFaultyCalls();
  const rig = new Rig({ slabBytes: MINIMUM_SLAB_BYTES + 1024 * 1024, sockets: 16 }, faulty.calls);
  const { address, ends } = rig.accept(rig.serverContext(orders));
  const target = targetOf(rig.clientContext(pki.ca.certificate), 'orders.example');
  faulty.counts.clear();
  faulty.plans = plans;
  let client: End | null = null;
  let verdict: string | null = null;
  try {
    client = rig.dial(address.port, target);
    send(rig.world, client.socket, pattern(1, 0, 100_000));
    rig.world.reactor.end(client.socket);
    const { heard } = client;
    const over = ({ heard: { events } }: End): boolean => events.some((event) => /^(end|error)/.test(event));
    await rig.until(
      () => heard.events.some((event) => event.startsWith('error')) || (ends[0] !== undefined && over(ends[0])),
      3_000,
    );
    const server = ends[0];
    if (server !== undefined && !pattern(1, 0, 100_000).subarray(0, server.heard.bytes).equals(server.heard.data))
      verdict = 'other bytes';
    if (server?.heard.events.includes('end') && server.heard.bytes !== 100_000) verdict = 'a clean end too early';
    for (const { heard: each } of [client, ...ends]) {
      if (each.events.filter((event) => event.startsWith('error')).length > 1) verdict = `told ${each.events}`;
    }
  } catch (error) {
    verdict = /^Error: dial: \d+$/.test(`${error}`) ? null : `${error}`;
  }
  if (rig.world.thrown.length > 0) verdict = `threw ${rig.world.thrown}`;
  faulty.plans = [];
  for (const end of [client, ...ends]) if (end !== null) rig.world.reactor.close(end.socket);
  await rig
    .until(() => rig.world.reactor.openSockets === 0)
    .catch(() => {
      verdict ??= 'sockets left';
    });
  const left = rig.leftOver();
  if (left > 0) verdict ??= `${left} objects left`;
  const { counts } = faulty;
  rig.destroy();
  return { verdict, injected: faulty.injected, counts };
}

t.test(
  'faults of the system calls around OpenSSL end in an error or not at all, and leave nothing',
  { timeout: 60_000 },
  async (t) => {
    t.setTimeout(60_000);
    const { verdict, counts } = await attempt([]);
    t.equal(verdict, null);
    const wrong: string[] = [];
    let runs = 0;
    let injected = 0;
    for (const call of ['epoll_ctl', 'setsockopt', 'getsockopt', 'shutdown', 'connect', 'socket'] as const) {
      for (let at = 1; at <= Math.min(counts.get(call) ?? 0, 30); at++) {
        for (const fault of [EINTR, ENOMEM]) {
          const outcome = await attempt([{ call, at, fault }]);
          runs++;
          injected += outcome.injected;
          if (outcome.verdict !== null) wrong.push(`${call} ${at} ${fault}: ${outcome.verdict}`);
        }
      }
    }
    t.same(wrong, []);
    t.ok(injected > runs * 0.7, `${injected} faults met in ${runs} runs`);
  },
);
