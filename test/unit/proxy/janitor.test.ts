import t from 'tap';
import { Janitor, type Watched } from '../../../src/proxy/janitor.ts';
import { address, ProxyRig } from '../../helpers/proxy-rig.ts';

/** A janitor of its own, on the reactor of a rig with one open connection. */
async function make(stallMs: number): Promise<{ rig: ProxyRig; janitor: Janitor; watched: Watched; looks: number[] }> {
  const rig = new ProxyRig();
  const { port } = await rig.serve((socket) => socket.resume());
  rig.destination = address('127.0.0.1', port);
  await rig.client();
  await rig.until(() => rig.reactor.openSockets > 0, 'a connection');
  const looks: number[] = [];
  let socket: Watched['socket'] | null = null;
  rig.reactor.forEachSocket((one) => {
    socket = one;
  });
  if (socket === null) throw new Error('no connection');
  return {
    rig,
    janitor: new Janitor(rig.reactor, stallMs),
    watched: { socket, place: -1, look: (now) => looks.push(now) },
    looks,
  };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

t.test('looks at what it watches four times within the stall limit, until that is removed', async (t) => {
  const { rig, janitor, watched, looks } = await make(800);
  janitor.add(watched);
  janitor.start();
  await rig.until(() => looks.length >= 4, 'four looks');
  const gaps = looks.slice(1).map((at, i) => at - (looks[i] ?? 0));
  t.ok(
    gaps.every((gap) => gap >= 195),
    `gaps of ${gaps.map(Math.round)} ms`,
  );
  janitor.remove(watched);
  const before = looks.length;
  await pause(500);
  t.equal(looks.length, before);
  await rig.end();
});

t.test('one that throws is reported and its connection given up; the others are looked at', async (t) => {
  const { rig, janitor, watched, looks } = await make(400);
  const failing = {
    socket: watched.socket,
    place: -1,
    look: () => {
      throw new Error('a bug');
    },
  };
  janitor.add(failing);
  janitor.add(watched);
  janitor.start();
  await rig.until(() => looks.length > 0, 'a look');
  t.match(rig.errors, [/a bug/]);
  t.ok(watched.socket.closed);
  await rig.end();
});

t.test('what is removed, before or during a look, never hides another', async (t) => {
  const { rig, janitor, watched, looks } = await make(400);
  const seen = new Set<number>();
  const all: Watched[] = Array.from({ length: 5 }, (_, id) => ({
    socket: watched.socket,
    place: -1,
    look: () => {
      seen.add(id);
      // Each look removes the first of all and the one that is looked at.
      janitor.remove(all[0] ?? watched);
      if (id === 3) janitor.remove(all[3] ?? watched);
    },
  }));
  for (const one of [...all, watched]) janitor.add(one);
  janitor.add(watched);
  janitor.remove(all[1] ?? watched);
  janitor.remove(all[1] ?? watched);
  janitor.start();
  await rig.until(() => looks.length >= 2, 'two looks');
  t.same([...seen].sort(), [2, 3, 4]);
  t.same(
    all.map(({ place }) => place >= 0),
    [false, false, true, false, true],
  );
  janitor.remove(watched);
  t.equal(watched.place, -1);
  await rig.end();
});
