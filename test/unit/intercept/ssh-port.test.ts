import t from 'tap';
import { DEFAULT_SETTINGS } from '../../../src/intercept/settings.ts';
import { excludeSshPort, findSshPort } from '../../../src/intercept/ssh-port.ts';

t.test('the session tells its server port', async (t) => {
  t.equal(findSshPort({ SSH_CONNECTION: '192.0.2.7 50000 192.0.2.1 2222' }), 2222);
  t.equal(findSshPort({ SSH_CONNECTION: 'fd00::7 50000 fd00::1 22' }), 22);
});

t.test('what is no port is ignored', async (t) => {
  for (const text of ['', 'a b c d', '1 2 3 0', '1 2 3 70000', '1 2 3']) {
    t.equal(findSshPort({ SSH_CONNECTION: text }), undefined, text);
  }
});

t.test('the port joins the inbound exclude list, once', async (t) => {
  const changed = excludeSshPort(DEFAULT_SETTINGS, 2222);
  t.same(changed.inbound.excludePorts, [
    { from: 22, to: 22 },
    { from: 2222, to: 2222 },
  ]);
  t.same(changed.outbound, DEFAULT_SETTINGS.outbound);
  t.equal(excludeSshPort(DEFAULT_SETTINGS, 22), DEFAULT_SETTINGS);
  t.equal(excludeSshPort(changed, 2222), changed);
});
