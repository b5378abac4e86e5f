import t from 'tap';
import { checkPlatform, type Platform, readPlatform } from '../../../../src/agent/host/check-platform.ts';

const GOOD: Platform = { os: 'linux', nodeVersion: 'v26.10.0', hasFfi: true, isRoot: true };

t.test('a good host passes, root is needed for rules only', async (t) => {
  checkPlatform(GOOD, true);
  checkPlatform({ ...GOOD, isRoot: false }, false);
  t.throws(() => checkPlatform({ ...GOOD, isRoot: false }, true), { message: /must be root to install/ });
});

t.test('what is missing is said all at once', async (t) => {
  t.throws(() => checkPlatform({ os: 'darwin', nodeVersion: 'v24.0.0', hasFfi: false, isRoot: false }, true), {
    message: /needs Linux; this is darwin\n.*\(v24\.0\.0\) has no node:ffi.*\n.*must be root/,
  });
});

t.test('the Node that runs the tests has node:ffi', async (t) => {
  t.match(readPlatform(), { os: 'linux', hasFfi: true });
});
