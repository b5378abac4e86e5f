import t from 'tap';
import { HELP, parseOptions, SCENARIOS, UsageError } from '../../../scripts/chaos/options.ts';

t.test('without options every scenario is played at 200 requests a second, with 60 s without NATS', async (t) => {
  t.same(parseOptions([]), {
    scenarios: SCENARIOS.map(({ name }) => name),
    rate: 200,
    outageMs: 60_000,
    quick: false,
    keep: false,
  });
});

t.test('--quick is shorter, and yields to what is said explicitly', async (t) => {
  t.match(parseOptions(['--quick']), { quick: true, outageMs: 10_000 });
  t.match(parseOptions(['--quick', '--outage', '2m', '--rate', '50']), { outageMs: 120_000, rate: 50 });
});

t.test('scenarios are chosen by name and played in their own order', async (t) => {
  t.same(parseOptions(['--scenarios', 'wipe,routes', '--keep']), {
    scenarios: ['routes', 'wipe'],
    rate: 200,
    outageMs: 60_000,
    quick: false,
    keep: true,
  });
});

t.test('--help asks for nothing else, and names every scenario', async (t) => {
  t.equal(parseOptions(['--help']), null);
  for (const { name, about } of SCENARIOS) t.match(HELP, new RegExp(`${name} +${about.replace(/[()]/g, '\\$&')}`));
});

t.test('a wrong command line is refused in a sentence', async (t) => {
  for (const [args, sentence] of [
    [['--scenarios', 'earthquake'], /no scenario "earthquake"; there are routes, scale/],
    [['--rate', '0'], /--rate needs a whole number/],
    [['--rate', '1.5'], /--rate needs a whole number/],
    [['--outage', '60'], /--outage needs a time/],
    [['--outage', '2h'], /--outage needs a time/],
    [['--outage', '0s'], /--outage needs a time/],
    [['--slow'], /--slow/],
    [['stray'], /stray/],
  ] as const) {
    t.throws(() => parseOptions(args), { constructor: UsageError, message: sentence });
  }
});
