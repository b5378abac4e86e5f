import t from 'tap';
import { joinTokenCommand } from '../../../src/cli/join-token.ts';
import { recordingIo } from '../../helpers/recording-io.ts';

/** What it does is tried against a real server in test/nats/join-host.test.ts. */
t.test('wrong words are refused before anything is asked', async (t) => {
  const { io } = recordingIo({ TOWPATH_NATS_SERVERS: 'nats://127.0.0.1:1' });
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /say create, list or revoke/],
    [['make'], /"make" is none of/],
    [['create', '--ttl', 'soon'], /--ttl/],
    [['create', '--identity-ttl', '1'], /--identity-ttl/],
    [['create', '--for', 'UPPER'], /the host id "UPPER"/],
    [['create', '--for', 'a', 'b'], /"b" is one word too many/],
    [['create', 'b'], /"b" is one word too many/],
    [['create', '--for', 'group'], /--for group NAMESPACE\/GROUP/],
    [['create', '--for', 'group', 'orders'], /--for group NAMESPACE\/GROUP/],
    [['create', '--for', 'group', 'a/b/c'], /--for group NAMESPACE\/GROUP/],
    [['create', '--identity', 'cart'], /--identity must be NAMESPACE\/ACCOUNT/],
    [['create', '--identity', 'a/b/c'], /--identity must be/],
    [['create', '--address', 'mesh.example'], /--address must be like tls:/],
    [['revoke'], /ID|id/],
    [['list', 'x'], /x/],
  ];
  for (const [words, message] of cases) await t.rejects(joinTokenCommand.run(words, io), { message }, words.join(' '));
  const right = [['create'], ['create', '--for', 'group', 'shop/orders', '--identity', '*'], ['list'], ['revoke', 'a']];
  for (const words of right) {
    await t.rejects(joinTokenCommand.run(words, io), { message: /no NATS server can be used/ }, words.join(' '));
  }
});
