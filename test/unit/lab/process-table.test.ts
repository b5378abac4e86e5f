import { spawn } from 'node:child_process';
import { once } from 'node:events';
import t from 'tap';
import {
  identifyProcess,
  isAlive,
  listMembers,
  networkInodeOf,
  signalProcess,
  waitForEnd,
} from '../../../src/lab/process-table.ts';

t.test('a process is known by pid and start time, and only that one is ever signalled', async (t) => {
  const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
  await once(child, 'spawn');
  const found = identifyProcess(child.pid ?? 0);
  if (found === null) throw new Error('the child is not in /proc');
  t.equal(found.session, child.pid, 'detached: leader of its own session');
  t.ok(isAlive(found));
  t.notOk(signalProcess({ ...found, startTime: '1' }, 'SIGKILL'), 'the pid used by another process');
  t.ok(isAlive(found), 'which is left alone');
  t.ok(signalProcess(found, 'SIGKILL'));
  t.ok(await waitForEnd(found, 2000));
  t.notOk(signalProcess(found, 'SIGKILL'), 'gone');
});

t.test('waiting for a process that does not end gives up in time', async (t) => {
  const self = identifyProcess(process.pid);
  t.equal(self === null ? null : await waitForEnd(self, 30), false);
});

t.test('members of a network namespace are found by its inode', async (t) => {
  const inode = networkInodeOf(process.pid) ?? 0;
  t.ok(listMembers(new Set([inode])).some((member) => member.pid === process.pid));
  t.same(listMembers(new Set()), []);
  t.equal(networkInodeOf(2 ** 22 + 1), null, 'no such process');
});
