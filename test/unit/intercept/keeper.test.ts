import t from 'tap';
import { UserError } from '../../../src/core/errors.ts';
import { InterceptionKeeper, type KeeperEvent } from '../../../src/intercept/keeper.ts';
import { DEFAULT_SETTINGS } from '../../../src/intercept/settings.ts';

const events: KeeperEvent[] = [];
const handlers = { onEvent: (event: KeeperEvent) => void events.push(event) };

t.test('a keeper that has not started holds nothing', async (t) => {
  const keeper = new InterceptionKeeper(DEFAULT_SETTINGS, handlers);
  t.same(keeper.state(), {
    drifts: 0,
    repairs: 0,
    leaseRefreshes: 0,
    lastRefreshMs: 0,
    lease: 'live',
    watch: 'polled',
  });
  keeper.pauseLease();
  t.equal(keeper.state().lease, 'paused');
  keeper.resumeLease();
  t.equal(keeper.state().lease, 'live');
  t.same(events, []);
});

t.test('failure: closed has no lease to pause', async (t) => {
  const keeper = new InterceptionKeeper({ ...DEFAULT_SETTINGS, failure: 'closed' }, handlers);
  keeper.pauseLease();
  t.equal(keeper.state().lease, 'none');
});

t.test('settings that make no sense are refused before anything touches the host, all mistakes at once', async (t) => {
  const keeper = new InterceptionKeeper({ ...DEFAULT_SETTINGS, gid: -1, virtualIpRanges: ['x'] }, handlers);
  const error = await keeper.start().catch((reason: unknown) => reason);
  t.ok(error instanceof UserError);
  t.same(
    (error as UserError).problems.map((problem) => problem.path),
    ['gid', 'virtualIpRanges[0]'],
  );
});
