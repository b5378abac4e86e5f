/** `towpath top` and `towpath graph` with a real server and control, of what a host reports. */
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { CommandIo } from '../../src/cli/command.ts';
import { graphCommand } from '../../src/cli/graph.ts';
import { topCommand } from '../../src/cli/top.ts';
import { type MetricReport, metricsReplySchema } from '../../src/contract/mesh-metrics.ts';
import { DURATION_BOUNDS } from '../../src/contract/request-block.ts';
import { operator, startControl, until } from './support/mesh.ts';
import { startNatsServer } from './support/nats-server.ts';

const server = await startNatsServer();
const control = await startControl(server.url);
const bus = await operator(server.url);
t.teardown(async () => {
  await bus.close();
  await control.stop();
  await server.dispose();
});

const said = { out: '', err: '' };
const io: CommandIo = {
  out: (text) => {
    said.out += text;
  },
  err: (text) => {
    said.err += text;
  },
  colour: false,
  env: { TOWPATH_NATS_SERVERS: server.url },
};

async function run(command: typeof topCommand, ...args: string[]): Promise<string> {
  said.out = '';
  said.err = '';
  t.equal(await command.run(args, io), 0);
  return said.out;
}

const startedMs = Date.now();
let sequence = 0;

function report(): MetricReport {
  sequence++;
  const durations = [...DURATION_BOUNDS, 0].map((_, i) => (i === 2 ? 90 * sequence : 0));
  const row = { side: 'outbound', caller: 'shop/web', service: 'shop/orders' } as const;
  return {
    ...{ boot: 'one', startedMs, uptimeMs: sequence, sequence, part: 0, parts: 1, dropped: 0 },
    requests: [
      {
        ...row,
        ...{ route: '', endings: { '200  ': 81 * sequence, '503 UH ': 9 * sequence }, durations },
        ...{ seconds: sequence, requestBytes: 100, responseBytes: 100 },
      },
    ],
    connections: [{ ...row, service: 'shop/cache', closed: 30 * sequence, failed: 0, receivedBytes: 1, sentBytes: 1 }],
  };
}

t.test('a service that nobody calls yet', async (t) => {
  await until('control answers', async () => {
    const reply = await bus.request('towpath.v1.default.control.metrics.query', '', 1_000).catch(() => null);
    return reply !== null && reply.header('Nats-Service-Error-Code') === '';
  });
  t.equal(await run(graphCommand), '');
  t.match(said.err, /^nobody has called anybody in the last 60 s\n/);
});

t.test('what a host reports is shown', async (t) => {
  await until('the traffic', async () => {
    bus.publish('towpath.v1.default.met.h1', JSON.stringify(report()));
    await sleep(100);
    const { services } = metricsReplySchema.parse(JSON.parse(await run(topCommand, '-o', 'json')));
    return services.length === 2 && services.every((one) => one.requestsPerSecond + one.connectionsPerSecond > 0);
  });
  t.match(
    await run(topCommand, '--by', 'errors'),
    /^SERVICE .*\nshop\/orders +1 +[\d.]+ +90\.00% {2}.*ms.*\nshop\/cache /,
  );
  t.match(
    await run(graphCommand),
    /^shop\/web\n {2}-> shop\/orders +[\d.]+ req\/s {2}90\.00% .*\n {2}-> shop\/cache .* conn\/s/,
  );
  t.match(await run(graphCommand, 'cache', '-n', 'shop'), /^shop\/web\n {2}-> shop\/cache [^>]*$/);
  t.match(await run(graphCommand, '-o', 'dot'), /"shop\/web" -> "shop\/orders" \[label="[^"]*", color="red"\];/);
  t.match(said.err, '');
});
