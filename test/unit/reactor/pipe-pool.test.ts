import t from 'tap';
import { DescriptorTable } from '../../../src/reactor/descriptor-table.ts';
import type { Kernel } from '../../../src/reactor/kernel.ts';
import { PipePool } from '../../../src/reactor/pipe-pool.ts';
import { SlotTable } from '../../../src/reactor/slot-table.ts';
import { Socket, type SocketHandler } from '../../../src/reactor/socket.ts';
import type { Timed } from '../../../src/reactor/timer-wheel.ts';

/** A kernel that hands out numbers, and knows which of them are open. */
function fakeKernel(limit: number): { kernel: Kernel; open: Set<number> } {
  const open = new Set<number>();
  let next = 100;
  const ends = { read: 0, write: 0 };
  const kernel = {
    pipe: () => {
      if (open.size >= limit) return -24;
      ends.read = next++;
      ends.write = next++;
      open.add(ends.read).add(ends.write);
      return 0;
    },
    pipeEnds: () => ({ ...ends }),
    setPipeSize: () => 0,
    close: (fd: number) => {
      open.delete(fd);
      return 0;
    },
  };
  return { kernel: kernel as unknown as Kernel, open };
}

function openPool(limit = 10_000): { pool: PipePool; open: Set<number>; cells: () => number; pass: () => boolean } {
  const { kernel, open } = fakeKernel(limit);
  const table = DescriptorTable.forSockets(200);
  let due = false;
  const schedule = (timed: Timed, ms: number): void => {
    timed.deadline = ms;
    due = true;
  };
  const pool = new PipePool(kernel, table, new SlotTable(200), schedule);
  const pass = (): boolean => {
    const fires = due;
    due = false;
    pool.deadline = 0;
    if (fires) pool.onDeadline();
    return fires;
  };
  const cells = (): number => new Int32Array(table.shared, 0, 2 + 3 * 200).filter((cell) => cell > 100).length;
  return { pool, open, cells, pass };
}

const socket = (): Socket => new Socket(9, 0, 0, {} as SocketHandler, null);

t.test('a pipe taken back empty is lent again, one with bytes in it is closed', (t) => {
  const { pool, open, cells } = openPool();
  const source = socket();
  const first = pool.lend(source, 1000);
  t.equal(first?.left, 1000);
  t.ok(source.raw);
  t.equal(cells(), 2, 'main finds both ends if the thread dies');
  pool.takeBack(source);
  t.notOk(source.raw);
  t.equal(pool.lend(source, 5), first);
  t.equal(first?.left, 5, 'for the next body');
  if (first !== null) first.held = 3;
  pool.takeBack(source);
  t.equal(open.size, 0);
  t.equal(cells(), 0);
  t.not(pool.lend(source, 5), first);
  t.end();
});

t.test('a connection that ends with its pipe closes it, and there is nothing to take back', (t) => {
  const { pool, open } = openPool();
  const source = socket();
  pool.lend(source, 1);
  source.pipe?.close();
  source.fd = -1;
  pool.takeBack(source);
  t.equal(open.size, 0);
  t.end();
});

t.test('there are 128 at most, and a closed one makes room', (t) => {
  const { pool } = openPool();
  const sources = Array.from({ length: 128 }, socket);
  t.notOk(sources.map((source) => pool.lend(source, 1)).includes(null));
  t.equal(pool.lend(socket(), 1), null);
  sources[0]?.pipe?.close();
  t.not(pool.lend(socket(), 1), null);
  t.equal(pool.lend(socket(), 1), null);
  t.end();
});

t.test('out of descriptors there is none, and nothing is lost', (t) => {
  const { pool, open } = openPool(2);
  const source = socket();
  pool.lend(source, 1);
  const other = socket();
  t.equal(pool.lend(other, 1), null);
  t.notOk(other.raw);
  source.pipe?.close();
  t.equal(open.size, 0);
  t.not(pool.lend(other, 1), null);
  t.end();
});

t.test('pipes that nobody needed for a whole period are closed, and the timer rests with them', (t) => {
  const { pool, open, cells, pass } = openPool();
  const sources = Array.from({ length: 3 }, socket);
  for (const source of sources) pool.lend(source, 1);
  for (const source of sources) pool.takeBack(source);
  t.equal(open.size, 6);
  t.ok(pass(), 'all three were in use within the period');
  t.equal(open.size, 6);
  const source = socket();
  pool.lend(source, 1);
  pool.takeBack(source);
  t.ok(pass(), 'one was needed at a time');
  t.equal(open.size, 2);
  t.ok(pass());
  t.equal(open.size, 0);
  t.equal(cells(), 0);
  t.notOk(pass());
  pool.lend(source, 1);
  pool.takeBack(source);
  t.ok(pass(), 'and it wakes with the next');
  t.end();
});
