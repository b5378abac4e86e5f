import t from 'tap';
import { hidePassword } from '../../../src/core/hide-password.ts';

t.test('nothing before the host is shown', async (t) => {
  for (const [server, shown] of [
    ['nats://10.0.0.1:4222', 'nats://10.0.0.1:4222'],
    ['10.0.0.1', '10.0.0.1'],
    ['nats://bob:hunter2@n1:4222', 'nats://[secret]@n1:4222'],
    ['bob:hunter2@n1', '[secret]@n1'],
    ['tls://to/ken@n1', 'tls://[secret]@n1'],
    ['nats://bob:p@ss@n1', 'nats://[secret]@n1'],
  ] as const)
    t.equal(hidePassword(server), shown);
});
