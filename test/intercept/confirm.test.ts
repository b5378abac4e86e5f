import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { Netns } from '../network/support/netns.ts';

t.setTimeout(120_000);

async function makeHost(t: Test): Promise<Netns> {
  const netns = await Netns.create();
  t.teardown(() => netns.delete());
  return netns;
}

t.test('a trial run takes itself back unless it is confirmed', async (t) => {
  const host = await makeHost(t);
  const before = await host.traces();
  const trial = await host.towpath('intercept', 'apply', '--confirm', '1s');
  t.match(trial.stdout, /towpath intercept confirm/);
  t.match(await host.traces(), /TOWPATH/);
  await until(async () => (await host.traces()) === before);
  t.equal((await host.towpath('intercept', 'confirm')).exitCode, 1, 'nothing waits any more');

  await host.towpath('intercept', 'apply', '--failure', 'closed');
  const settled = await host.traces();
  await host.towpath('intercept', 'apply', '--confirm', '2s', '--failure', 'open');
  await host.towpath('intercept', 'apply', '--confirm', '1s', '--inbound-exclude-ports', '9');
  await until(async () => (await host.traces()) === settled);
  t.pass('two trials in a row go back to the last state that was not on trial');

  await host.towpath('intercept', 'apply', '--confirm', '1s', '--failure', 'open');
  t.equal((await host.towpath('intercept', 'confirm')).exitCode, 0);
  const confirmed = await host.traces();
  await sleep(2500);
  t.equal(await host.traces(), confirmed, 'a confirmed trial stays');
});

t.test('the port of the SSH session is left alone, also below sudo', async (t) => {
  const host = await makeHost(t);
  const ssh = 'SSH_CONNECTION=192.0.2.7 50000 192.0.2.1 2222';
  const direct = await host.run('env', ssh, 'bin/towpath', 'intercept', 'apply');
  t.match(direct.stderr, /port 2222 is left alone/);
  t.match(await host.must('iptables-save'), /TOWPATH_INBOUND -p tcp -m multiport --dports 22,2222 -j RETURN/);
  t.equal((await host.towpath('intercept', 'check')).exitCode, 0, 'check remembers it');
  const below = ['env', ssh, 'sh', '-c', 'env -u SSH_CONNECTION bin/towpath intercept apply; true'] as const;
  t.match((await host.run(...below)).stderr, /port 2222 is left alone/);
  t.notMatch((await host.run('env', ssh, 'bin/towpath', 'intercept', 'apply', '--capture-ssh')).stderr, /2222/);
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 60; i++) {
    if (await condition()) return;
    await sleep(100);
  }
  throw new Error('did not happen within 6 s');
}
