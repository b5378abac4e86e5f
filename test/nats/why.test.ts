import t from 'tap';
import { runCli } from '../../src/cli/run-cli.ts';
import { recordingIo } from '../helpers/recording-io.ts';
import { operator, startAgent, until } from './support/mesh.ts';
import { startNatsServer } from './support/nats-server.ts';

const nats = await startNatsServer();

async function why(...args: readonly string[]) {
  const { io, written } = recordingIo({ TOWPATH_NATS_SERVERS: nats.url });
  return { status: await runCli(['why', ...args], io), ...written };
}

t.test('towpath why finds a failure with whichever agent has it', async (t) => {
  t.match(await why('0123456789a-1'), { status: 1, err: /no agent knows/ }, 'nobody is there');
  const agents = [startAgent(nats.url, 'a'), startAgent(nats.url, 'b')];
  const bus = await operator(nats.url);
  await until('both agents listen', () => agents.every(({ link }) => link.stats().connected));
  for (const host of ['a', 'b']) {
    const ran = await why(`0123456789${host}-1`);
    t.match(ran, { status: 0, out: new RegExp(`at {9}${host}, the sidecar of the caller`) });
  }
  t.match(await why('r-1'), { status: 0, out: /at {9}a,.*at {9}b,/s }, 'both know the request');
  t.match(await why('0123456789c-1', '--host', 'a'), { status: 1 });
  t.match(await why('r-1', '--host', 'b', '-o', 'json'), { status: 0, out: /"host": "b"/ });
  bus.publish('towpath.v1.default.agents.why', 'nonsense');
  t.match(await why('0123456789a-1'), { status: 0 }, 'nonsense is not answered, and harms nobody');
  await bus.close();
  for (const { link } of agents) await link.stop();
  await nats.dispose();
});
