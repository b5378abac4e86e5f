import t from 'tap';
import { runCli } from '../../../src/cli/run-cli.ts';
import { recordingIo } from '../../helpers/recording-io.ts';

async function tap(...args: readonly string[]) {
  const { io, written } = recordingIo({ TOWPATH_NATS_SERVERS: 'nats://127.0.0.1:1' });
  return { status: await runCli(['tap', ...args], io), ...written };
}

t.test('wrong usage', async (t) => {
  for (const [args, problem] of [
    [['a', 'b'], /one word too many/],
    [['orders', '--inbound', '--outbound'], /choose --inbound or --outbound/],
    [['orders', '--status', '6xx'], /status\[0\]: must be like 503 or 5xx/],
    [['orders', '--status', ''], /status\[0\]/],
    [['orders', '--min', 'soon'], /--min must be like/],
    [['orders', '--for', '30'], /--for must be like/],
    [['orders', '--limit', '0'], /--limit must be a whole number/],
    [['orders', '--per-second', '1001'], /at most 1000/],
    [['host:Web 01'], /the host id "Web 01"/],
    [['--host', 'a.b'], /the host id "a.b"/],
    [['orders', '-o', 'yaml'], /-o must be json/],
    [['orders', '--verb', 'GET'], /--verb/],
  ] as const)
    t.match(await tap(...args), { status: 2, out: '', err: problem }, args.join(' '));
});

t.test('without NATS, and its help', async (t) => {
  t.match(await tap('orders', '--status', '404,5XX', '--from', 'shop/web'), { status: 1, err: /no NATS server/ });
  t.match(await tap('--help'), { status: 0, out: /Examples:\n {2}towpath tap orders -n shop\n/ });
});
