import t from 'tap';
import { HeldVersions } from '../../../src/agent/control-held-views.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';

const KEY = 'dir.0';
const directory = (epoch: number, gen: number) =>
  Buffer.from(JSON.stringify({ version: { epoch, gen, hash: '0123456789abcdef' }, services: [] }));

function held(apply: () => Promise<void> = async () => {}) {
  const applied: number[] = [];
  const views = new HeldVersions(
    async (view) => {
      await apply();
      applied.push(view.version.gen);
    },
    createLogger({ name: 'test', level: 'silent' }),
  );
  return { views, applied };
}

t.test('only newer views are put in force: a higher epoch, or a higher gen in the same', async (t) => {
  const { views, applied } = held();
  for (const [epoch, gen] of [
    [1, 5],
    [1, 5],
    [1, 4],
    [0, 99],
    [1, 6],
    [2, 1],
    [1, 7],
  ] as const) {
    await views.offer(KEY, directory(epoch, gen));
  }
  t.same(applied, [5, 6, 1]);
  t.match(views.versions.get(KEY), { epoch: 2, gen: 1 });
});

t.test('a malformed view is remembered as refused until the held one is confirmed', async (t) => {
  const { views } = held();
  await views.offer(KEY, directory(1, 1));
  t.equal(await views.offer(KEY, Buffer.from('{}')), 'malformed');
  t.ok(views.rejected.has(KEY));
  t.equal(await views.offer(KEY, directory(1, 0)), 'taken');
  t.ok(views.rejected.has(KEY), 'an older view proves nothing');
  await views.offer(KEY, directory(1, 1));
  t.notOk(views.rejected.has(KEY));
  t.equal(views.rejections, 1);
  t.match(views.lastRejection, /^dir\.0: /);
});

t.test('a view that cannot be applied leaves the old version held, and may be offered again', async (t) => {
  let fail = true;
  const { views, applied } = held(async () => {
    if (fail) throw new Error('no memory');
  });
  await views.offer(KEY, directory(1, 1));
  t.equal(views.rejected.get(KEY), 'no memory');
  t.equal(views.versions.has(KEY), false);
  fail = false;
  await views.offer(KEY, directory(1, 1));
  t.same(applied, [1]);
  t.equal(views.rejected.size, 0);
});

t.test('what was put off and fails is a refusal, and the view is taken anew when it is offered again', async (t) => {
  const { views, applied } = held();
  await views.offer(KEY, directory(1, 1));
  t.equal(await views.enforce(KEY, async () => {}), true);
  t.equal(views.rejected.size, 0);
  const failing = async (): Promise<void> => {
    throw new Error('a data thread did not answer');
  };
  t.equal(await views.enforce(KEY, failing), false);
  t.match(views.rejected.get(KEY), /data thread/);
  t.match(views.counts(), { viewsRejected: 1, lastRejection: /^dir\.0: / });
  await views.offer(KEY, directory(1, 1));
  t.same(applied, [1, 1]);
  t.equal(views.rejected.size, 0);
});

t.test('a message that is malformed, or claims too much, is counted at most: the store decides', async (t) => {
  const logger = createLogger({ name: 'test', level: 'silent' });
  const taken: number[] = [];
  const views = new HeldVersions(async ({ version }) => void taken.push(version.gen), logger);
  t.equal(await views.hear(KEY, Buffer.from('{}'), () => true), false);
  t.equal(await views.hear(KEY, directory(9, 9), () => false), false);
  t.equal(views.rejections, 1);
  t.equal(views.rejected.size, 0, 'nothing is held against the view in force');
  t.match(views.ackOf({ epoch: 1, gen: 1 }), { result: 'ACK' });
  t.equal(await views.hear(KEY, directory(1, 1), () => true), true);
  t.same(taken, [1]);
});
