import t from 'tap';
import { SlotTable, type Wake } from '../../../src/reactor/slot-table.ts';
import { Socket, type SocketHandler } from '../../../src/reactor/socket.ts';

const wake: Wake = { kind: 'wake', fd: 3, wake: () => {} };
const nothing = (): void => {};
const handler: SocketHandler = {
  onConnect: nothing,
  onData: nothing,
  onEnd: nothing,
  onDrain: nothing,
  onError: nothing,
  onTimeout: nothing,
  onReadable: nothing,
  onWritable: nothing,
};

t.test('as many places as asked for, then none; one that was given back is taken again at once', async (t) => {
  const table = new SlotTable(3);
  t.same([table.take(), table.take(), table.take(), table.take()], [0, 1, 2, -1]);
  table.giveBack(1);
  t.same([table.take(), table.take()], [1, -1]);
});

t.test('a vacated place is empty at once, and taken again only after the turn', async (t) => {
  const table = new SlotTable(1);
  const slot = table.take();
  const socket = table.adopt(slot, 7, handler, null);
  t.equal(table.find(slot, 0), socket);
  table.vacate(slot);
  t.equal(table.find(slot, 0), null);
  t.equal(table.take(), -1);
  table.recycle();
  t.equal(table.take(), slot);
});

t.test('an event of an earlier generation finds nothing, whatever is there now', async (t) => {
  const table = new SlotTable(1);
  for (let generation = 0; generation < 5; generation++) {
    const slot = table.take();
    t.equal(table.generationOf(slot), generation);
    const socket = table.adopt(slot, 7, handler, null);
    t.equal(socket.generation, generation);
    for (let other = 0; other < 5; other++) {
      t.equal(table.find(slot, other), other === generation ? socket : null);
    }
    table.vacate(slot);
    table.recycle();
  }
});

t.test('connections are counted, listeners and wake-ups are not', async (t) => {
  const table = new SlotTable(4);
  const slots = [table.take(), table.take(), table.take()];
  table.put(slots[0], wake);
  table.adopt(slots[1], 7, handler, null);
  table.adopt(slots[2], 8, handler, null);
  t.equal(table.openSockets, 2);
  table.vacate(slots[0]);
  t.equal(table.openSockets, 2);
  table.vacate(slots[1]);
  t.equal(table.openSockets, 1);
  table.clear();
  t.equal(table.openSockets, 0);
  t.equal(table.at(slots[2]), null);
});

t.test('every entry is visited once, also when the visit empties its place', async (t) => {
  const table = new SlotTable(8);
  for (let i = 0; i < 5; i++) table.adopt(table.take(), 10 + i, handler, null);
  table.vacate(1);
  const visited: number[] = [];
  table.forEach((entry) => {
    visited.push(entry.fd);
    if (entry instanceof Socket) table.vacate(entry.slot);
  });
  t.same(visited, [10, 12, 13, 14]);
  t.equal(table.openSockets, 0);
});
