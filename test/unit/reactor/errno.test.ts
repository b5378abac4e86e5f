import { constants } from 'node:os';
import t from 'tap';
import * as errno from '../../../src/reactor/errno.ts';

t.test('the numbers are those of this system', async (t) => {
  const known: Readonly<Record<string, number>> = { ...constants.errno, ENFILE: 23 };
  for (const [name, value] of Object.entries(errno)) if (typeof value === 'number') t.equal(value, known[name], name);
});

t.test('every error has words', async (t) => {
  t.equal(errno.describeErrno(errno.ECONNREFUSED), 'connection refused');
  t.equal(errno.describeErrno(9999), 'error 9999');
  const neverTold: readonly unknown[] = [errno.EINTR, errno.EAGAIN, errno.EINPROGRESS];
  for (const value of Object.values(errno)) {
    if (typeof value === 'number' && !neverTold.includes(value)) {
      t.notMatch(errno.describeErrno(value), /^error/, `${value}`);
    }
  }
});

t.test('a failed call is named with its reason, a result passes', async (t) => {
  t.equal(errno.check(7, 'epoll_create1'), 7);
  t.throws(() => errno.check(-errno.EMFILE, 'epoll_create1'), { message: 'epoll_create1: out of descriptors' });
});
