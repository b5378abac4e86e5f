import t from 'tap';
import { Socket } from '../../../src/reactor/socket.ts';
import { type Deferred, TurnEnd } from '../../../src/reactor/turn-end.ts';
import { Recorder } from './support/recorder.ts';
import { createWorld, destroyWorld } from './support/world.ts';

function setUp(): {
  order: string[];
  work: (name: string, run?: (self: Deferred) => void) => Deferred;
  end: () => void;
} {
  const world = createWorld();
  const order: string[] = [];
  const socket = new Socket(-1, 0, 0, new Recorder(world), null);
  return {
    order,
    work: (name, run) => ({
      socket,
      deferred: false,
      onTurnEnd(): void {
        order.push(name);
        run?.(this);
      },
    }),
    end: () => destroyWorld(world),
  };
}

t.test('work put off several times runs once, in order', async (t) => {
  const { order, work, end } = setUp();
  const turnEnd = new TurnEnd();
  const [a, b] = [work('a'), work('b')];
  for (const item of [a, b, a, a]) turnEnd.add(item);
  t.equal(turnEnd.hasWork, true);
  turnEnd.run(() => {});
  t.strictSame(order, ['a', 'b']);
  t.equal(turnEnd.hasWork, false);
  turnEnd.run(() => {});
  t.strictSame(order, ['a', 'b']);
  end();
});

t.test('work that puts itself off again cannot hold up the turn', async (t) => {
  const { order, work, end } = setUp();
  const turnEnd = new TurnEnd();
  turnEnd.add(work('again', (self) => turnEnd.add(self)));
  turnEnd.run(() => {});
  t.equal(order.length, 8);
  t.equal(turnEnd.hasWork, true, 'the rest waits for the next turn');
  end();
});

t.test('work for the next turn runs once, in that turn', async (t) => {
  const { order, work, end } = setUp();
  const turnEnd = new TurnEnd();
  const again = work('again', (self) => turnEnd.addLater(self));
  turnEnd.addLater(again);
  turnEnd.addLater(again);
  turnEnd.add(work('now'));
  t.equal(turnEnd.hasWork, true);
  turnEnd.run(() => {});
  t.strictSame(order, ['now', 'again']);
  turnEnd.run(() => {});
  t.strictSame(order, ['now', 'again', 'again']);
  t.equal(turnEnd.hasWork, true);
  end();
});

t.test('what throws gives up its own connection, the others run', async (t) => {
  const { order, work, end } = setUp();
  const turnEnd = new TurnEnd();
  const bad = work('bad', () => {
    throw new Error('a bug');
  });
  turnEnd.add(bad);
  turnEnd.add(work('good'));
  const blamed: unknown[] = [];
  turnEnd.run((socket) => void blamed.push(socket));
  t.strictSame(order, ['bad', 'good']);
  t.strictSame(blamed, [bad.socket]);
  end();
});
