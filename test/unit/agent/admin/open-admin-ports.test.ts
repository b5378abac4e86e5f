import { join } from 'node:path';
import t from 'tap';
import { openAdminPorts } from '../../../../src/agent/admin/open-admin-ports.ts';
import { buildParts } from '../../../../src/agent/build-parts.ts';
import { agentOptions } from '../../../helpers/agent-options.ts';
import { recordingLogger } from '../../../helpers/recording-logger.ts';

t.test('the admin port is not reachable from outside, the metrics port is', async (t) => {
  const options = await agentOptions(join(t.testdir(), 'state'));
  const config = { ...options.config, metricsAddress: '::' };
  await using undo = new AsyncDisposableStack();
  const parts = await buildParts({ ...options, config }, recordingLogger().logger, () => 'running', undo);
  let drained = 0;
  const ports = await openAdminPorts(parts, () => {
    drained++;
  });
  undo.defer(() => ports.close());
  const { admin, metrics } = config.ports;
  // 127.0.0.2 stands for an address of the host that is not the loopback one listened on.
  await t.rejects(fetch(`http://127.0.0.2:${admin}/config`));
  t.equal((await fetch(`http://127.0.0.1:${admin}/config`)).status, 200);
  t.equal((await fetch(`http://127.0.0.2:${metrics}/healthz`)).status, 200);
  t.equal((await fetch(`http://127.0.0.1:${metrics}/config`)).status, 404, 'no admin paths there');
  await fetch(`http://127.0.0.1:${admin}/drain`, { method: 'POST' });
  t.equal(drained, 1);
});
