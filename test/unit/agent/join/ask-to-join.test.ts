import t from 'tap';
import { askToJoin } from '../../../../src/agent/join/ask-to-join.ts';
import type { JoinToken } from '../../../../src/contract/join-token.ts';
import { makeKey } from '../../../../src/contract/nats-jwt.ts';
import { freePorts } from '../../../helpers/free-ports.ts';

/** What a real server and control say is tried in test/nats/join-host.test.ts. */
function token(port: number, expiresMs: number): JoinToken {
  const { seed } = makeKey('user');
  const servers = [`tls://127.0.0.1:${port}`];
  return { v: 1, mesh: 'default', id: 'abc', servers, ca: '', jwt: 'x.y.z', seed, expiresMs, host: null };
}

t.test('a token that has expired by the clock of this host is not sent anywhere', async (t) => {
  await t.rejects(askToJoin(token(1, 1_000), 'shop', '1.0.0', 61_000), {
    message: /expired 1 min ago, at 1970-01-01T00:00:01.000Z by the clock .* towpath join-token create --for shop/,
  });
});

t.test('nobody at the address: the token is still good', async (t) => {
  const [port = 0] = await freePorts(1);
  await t.rejects(askToJoin(token(port, 2_000), 'shop', '1.0.0', 1_000), {
    message: /no NATS server of the mesh can be used at tls:\/\/127.0.0.1:\d+ .*; the token is still unused/,
  });
});
