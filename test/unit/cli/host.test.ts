import t from 'tap';
import { hostCommand } from '../../../src/cli/host.ts';
import { recordingIo } from '../../helpers/recording-io.ts';

/** What it does is tried against a real server in test/nats/join-host.test.ts. */
t.test('wrong words are refused before anything is asked', async (t) => {
  const { io } = recordingIo({ TOWPATH_NATS_SERVERS: 'nats://127.0.0.1:1' });
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /towpath host revoke HOST/],
    [['shop'], /towpath host revoke HOST/],
    [['revoke'], /say which host/],
    [['revoke', 'UPPER'], /say which host/],
    [['revoke', 'a', 'b'], /b/],
  ];
  for (const [words, message] of cases) await t.rejects(hostCommand.run(words, io), { message });
  await t.rejects(hostCommand.run(['revoke', 'shop'], io), { message: /no NATS server can be used/ });
});
