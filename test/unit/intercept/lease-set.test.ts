import t from 'tap';
import { flushLines, refreshLines } from '../../../src/intercept/lease-set.ts';

t.test('a refresh renews both halves of each family for 5 s', async (t) => {
  t.equal(
    refreshLines(['v4', 'v6']),
    `add towpath_lease_v4 0.0.0.0/1 timeout 5 -exist
add towpath_lease_v4 128.0.0.0/1 timeout 5 -exist
add towpath_lease_v6 ::/1 timeout 5 -exist
add towpath_lease_v6 8000::/1 timeout 5 -exist
`,
  );
  t.equal(refreshLines(['v4']).split('\n').length, 3);
});

t.test('ending the lease empties the sets', async (t) => {
  t.equal(flushLines(['v4', 'v6']), 'flush towpath_lease_v4\nflush towpath_lease_v6\n');
});
