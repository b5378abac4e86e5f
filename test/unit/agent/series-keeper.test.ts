import t from 'tap';
import { type CountingThread, SeriesKeeper } from '../../../src/agent/series-keeper.ts';
import { type CountedSeries, seriesKey } from '../../../src/telemetry/counted-series.ts';
import { recordingLogger } from '../../helpers/recording-logger.ts';
import { startWatch } from '../../helpers/stopwatch.ts';

const services = (names: readonly string[]) =>
  names.map((name) => ({ namespace: 'shop', name, virtualIps: [], ports: [] }));
const STATE = { messages: () => [{ type: 'directory', services: services(['a', 'b']) } as const] };

function series(service: string, value: number): CountedSeries {
  const labels = { service };
  return { key: seriesKey('towpath_x_total', labels), name: 'towpath_x_total', labels, values: [value] };
}

t.test('idle series lose their places, one thread after the other, and keep their values', async (t) => {
  const { logger, lines } = recordingLogger();
  let held = [series('shop/a', 3), series('shop/b', 1)];
  const thread: CountingThread = {
    samples: () => held,
    takeBack: async (isIdle) => {
      const idle = held.filter(isIdle);
      held = held.filter((one) => !isIdle(one));
      return idle;
    },
  };
  const broken: CountingThread = { samples: () => [], takeBack: () => Promise.reject(new Error('it hangs')) };
  const keeper = new SeriesKeeper(1000, () => [broken, thread], STATE, logger);
  t.teardown(() => keeper.stop());
  const others = 1;
  t.equal(keeper.read(0).length, 2 + others);
  held = [series('shop/a', 3), series('shop/b', 2)];
  await keeper.sweep(2000);
  t.same(
    held.map(({ labels }) => labels['service']),
    ['shop/b'],
  );
  t.match(lines, [{ level: 'warn' }]);
  held.push(series('shop/a', 1));
  t.equal(keeper.read(2001).find(({ labels }) => labels['service'] === 'shop/a')?.values[0], 4);
  keeper.retire([series('shop/b', 10)]);
  t.equal(keeper.read(2002).find(({ labels }) => labels['service'] === 'shop/b')?.values[0], 12);
});

/** A thread that forgets when told to, after a while. */
function slowThread(held: CountedSeries[]): CountingThread & { readonly asked: number; add(one: CountedSeries): void } {
  const state = { asked: 0 };
  return {
    get asked() {
      return state.asked;
    },
    add: (one) => void held.push(one),
    samples: () => held,
    takeBack: async (isWanted) => {
      state.asked++;
      const taken = held.filter(isWanted);
      await new Promise((resolve) => setTimeout(resolve, 20));
      for (const one of taken) held.splice(held.indexOf(one), 1);
      return taken;
    },
  };
}

t.test('what left the configuration is taken back soon when places run short, and once', async (t) => {
  const { logger } = recordingLogger();
  const known = ['a', 'b'];
  const state = { messages: () => [{ type: 'directory', services: services(known) } as const] };
  const thread = slowThread([series('shop/a', 1), series('shop/b', 2)]);
  const keeper = new SeriesKeeper(3_600_000, () => [thread], state, logger);
  t.teardown(() => keeper.stop());
  await keeper.sweep(0);
  t.equal(thread.samples().length, 2, 'all of it is configured');
  known.pop();
  await keeper.sweep(1);
  t.equal(thread.samples().length, 2, 'nobody has said that it changed');
  keeper.changed();
  await Promise.all([keeper.sweep(2), keeper.sweep(2)]);
  t.equal(thread.asked, 3, 'one sweep at a time');
  t.same(
    thread.samples().map(({ labels }) => labels['service']),
    ['shop/a'],
  );
  t.equal(keeper.read(3).find(({ labels }) => labels['service'] === 'shop/b')?.values[0], 2, 'its value is kept');
  thread.add(series('shop/b', 1));
  const watch = startWatch();
  for (let i = 0; i < 10; i++) keeper.crowded();
  while (thread.samples().length > 1) await new Promise((resolve) => setTimeout(resolve, 10));
  t.ok(watch.quietMs() < 4_000, 'long before the change alone would have led to it');
  t.equal(thread.asked, 4);
  t.equal(keeper.read(4).find(({ labels }) => labels['service'] === 'shop/b')?.values[0], 3);
});
