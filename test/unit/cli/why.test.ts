import type { AddressInfo } from 'node:net';
import t from 'tap';
import { closeHttp, jsonAnswer, serveHttp } from '../../../src/agent/admin/serve-http.ts';
import { runCli } from '../../../src/cli/run-cli.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { failureRecord } from '../../helpers/failure-record.ts';
import { recordingIo } from '../../helpers/recording-io.ts';

async function why(...args: readonly string[]) {
  const { io, written } = recordingIo();
  return { status: await runCli(['why', ...args], io), ...written };
}

t.test('from the agent of this host', async (t) => {
  const server = await serveHttp(
    { addresses: ['127.0.0.1'], port: 0, setting: 'ports.admin', variable: 'X' },
    async ({ path, query }) => {
      const id = path === '/why' ? query.get('id') : null;
      return jsonAnswer(
        200,
        id === 'odd' ? { of: 'another version' } : { records: id === 'a b' ? [failureRecord()] : [] },
      );
    },
    createLogger({ name: 'test', level: 'silent' }),
  );
  t.teardown(() => closeHttp(server));
  const port = String((server.address() as AddressInfo).port);
  t.match(await why('a b', '--local', '--admin-port', port), { status: 0, out: /^request {4}GET orders\.shop/ });
  const json = await why('a b', '--admin-port', port, '-o', 'json');
  t.match(JSON.parse(json.out), { records: [{ flag: 'UF' }] });
  t.match(await why('other', '--admin-port', port), { status: 1, out: '', err: /no agent knows "other"/ });
  t.match(await why('odd', '--admin-port', port), { status: 1, err: /of another version/ });
});

t.test('wrong usage', async (t) => {
  t.match(await why('--local'), { status: 2, err: /say which ID/ });
  t.match(await why('x'.repeat(300), '--local'), { status: 2 });
  t.match(await why('a', 'b'), { status: 2 });
  t.match(await why('a', '--server', 'nats://127.0.0.1:1'), { status: 1, err: /no NATS server/ });
});
