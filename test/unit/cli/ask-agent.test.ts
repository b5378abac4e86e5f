import type { AddressInfo } from 'node:net';
import t from 'tap';
import { answerAdmin } from '../../../src/agent/admin/admin-routes.ts';
import { closeHttp, serveHttp, textAnswer } from '../../../src/agent/admin/serve-http.ts';
import { runCli } from '../../../src/cli/run-cli.ts';
import type { LogLevel } from '../../../src/config/agent-config.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { recordingIo } from '../../helpers/recording-io.ts';

const STATUS = {
  version: '1.2.3',
  pid: 7,
  mesh: 'shop',
  host: 'a',
  uptimeSeconds: 200,
  phase: 'running',
  problems: [] as string[],
  views: {
    source: { type: 'control', connected: false, server: null, viewAgeSeconds: 90, lastRejection: null },
    directory: { epoch: 1, gen: 7, hash: 'x', services: 2 },
    services: [{ service: 'shop/orders', epoch: 1, gen: 6, hash: 'y' }],
  },
  workloads: [{ key: 'shop/web', address: '10.0.0.1', healthy: false }],
  interception: { enabled: true, repairs: 2, lease: 'live' },
};

async function run(args: readonly string[]): Promise<{ status: number; out: string; err: string }> {
  const { io, written } = recordingIo();
  const status = await runCli(['agent', ...args], io);
  return { status, ...written };
}

async function startAdmin(t: Tap, status: object = STATUS): Promise<string> {
  let level: LogLevel = 'info';
  const server = await serveHttp(
    { addresses: ['127.0.0.1'], port: 0, setting: 'ports.admin', variable: 'X' },
    (request) =>
      answerAdmin(
        {
          config: () => ({}),
          status: async () => status,
          dump: async () => ({ views: 'all' }),
          explain: async () => ({}),
          why: () => ({ records: [] }),
          logLevel: () => level,
          setLogLevel: (next) => {
            level = next;
          },
          drain: () => void setTimeout(() => void closeHttp(server), 100),
        },
        request,
      ),
    createLogger({ name: 'test', level: 'silent' }),
  );
  t.teardown(() => closeHttp(server));
  return String((server.address() as AddressInfo).port);
}
type Tap = { teardown(end: () => unknown): void };

t.test('status is a page for people, and JSON for programs', async (t) => {
  const port = await startAdmin(t);
  t.match(await run(['status', '--admin-port', port]), {
    status: 0,
    out: `agent:      towpath 1.2.3, pid 7, up 3 min
host:       a in mesh shop
phase:      running
views:      last known good; control is away, compared 1 min ago
directory:  2 services
rules:      in force while the agent lives (lease), repaired 2 times

SERVICE      VERSION
shop/orders  1.6

WORKLOAD  ADDRESS   HEALTHY
shop/web  10.0.0.1  no
`,
  });
  t.strictSame(JSON.parse((await run(['status', '-o', 'json', '--admin-port', port])).out), STATUS);
});

t.test('a status with problems is exit status 1', async (t) => {
  const port = await startAdmin(t, { ...STATUS, problems: ['a data thread hangs'] });
  t.match(await run(['status', '--admin-port', port]), { status: 1, out: /problem: +a data thread hangs/ });
});

t.test('log level, dump and drain', async (t) => {
  const port = await startAdmin(t);
  t.match(await run(['loglevel', '--admin-port', port]), { status: 0, out: 'info\n' });
  t.match(await run(['loglevel', 'debug', '--admin-port', port]), { status: 0, out: 'debug\n' });
  t.match(await run(['loglevel', 'loud', '--admin-port', port]), { status: 1, err: /give \?level= one of/ });
  t.match(await run(['dump', '--admin-port', port]), { status: 0, out: /"views": "all"/ });
  t.match(await run(['drain', '--admin-port', port]), { status: 0, out: 'the agent has ended\n' });
});

t.test('without an agent there is one sentence', async (t) => {
  const { status, err } = await run(['status', '--admin-port', '1']);
  t.equal(status, 1);
  t.match(err, /^error: no agent answers on 127\.0\.0\.1 port 1\nhint: /);
});

t.test('something else on the port is not taken for an agent', async (t) => {
  const server = await serveHttp(
    { addresses: ['127.0.0.1'], port: 0, setting: 'x', variable: 'X' },
    async () => textAnswer(200, '{"hello": 1}'),
    createLogger({ name: 'test', level: 'silent' }),
  );
  t.teardown(() => closeHttp(server));
  const port = String((server.address() as AddressInfo).port);
  for (const verb of ['status', 'loglevel']) {
    t.match(await run([verb, '--admin-port', port]), { status: 1, err: /is no Towpath agent/ });
  }
});

t.test('wrong words are status 2', async (t) => {
  t.match(await run(['stauts']), { status: 2, err: /"stauts" is no verb/ });
  t.match(await run(['--standalone']), { status: 2, err: /needs at least one file/ });
  t.match(await run(['status', 'x']), { status: 2 });
  t.match(await run(['status', '--admin-port', 'x']), { status: 2, err: /"x" is no port/ });
});
