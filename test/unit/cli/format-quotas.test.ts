import t from 'tap';
import { formatQuotas, formatQuotasWide, inShort } from '../../../src/cli/format-quotas.ts';
import type { QuotaRow } from '../../../src/contract/quota-messages.ts';

const ROW: QuotaRow = {
  policy: 'shop/orders-quota',
  rule: '0',
  service: 'shop/orders',
  caller: 'cluster.local/ns/shop/sa/web',
  key: 'mtls:cluster.local/ns/shop/sa/web',
  limit: 1_000,
  windowMs: 10_000,
  used: 837,
  granted: 850,
  resetMs: 3_250,
  hosts: [
    { host: 'shop-1', granted: 500, left: 13 },
    { host: 'shop-2', granted: 350, left: 0 },
  ],
};
const all = { ...ROW, caller: '', key: '', used: 0, resetMs: 0, hosts: [], windowMs: 86_400_000 };
const byUser = { ...ROW, caller: 'shop/web', key: 'workload:shop/web x-user=ann', limit: 0 };

t.test('who is near, at a glance', async (t) => {
  t.equal(
    formatQuotas({ items: [ROW, all, byUser], truncated: false }, { colour: false }),
    `SERVICE      CALLER                        USED  LIMIT  WINDOW  SHARE  RESET
shop/orders  cluster.local/ns/shop/sa/web  837   1000   10s     83%    4s
shop/orders  (all)                         0     1000   1d      0%     -
shop/orders  shop/web x-user=ann           837   0      10s     100%   4s
`,
  );
  t.match(formatQuotas({ items: [ROW], truncated: false }, { colour: true }), '\u001b[33m83%');
});

t.test('wide: how the caller is known, and where its tokens are', async (t) => {
  const wide = formatQuotasWide({ items: [ROW, all, byUser], truncated: false });
  t.match(wide, /mtls +837 .* shop\/orders-quota +0 +shop-1=487\/500 shop-2=350\/350\n/);
  t.match(wide, /\(all\) +- /);
  t.match(wide, / workload +837/);
});

t.test('lengths of windows', async (t) => {
  const cases = [
    [0, '0s'],
    [1_500, '1500ms'],
    [10_000, '10s'],
    [9_000_000, '2h30m'],
    [86_400_000, '1d'],
  ] as const;
  for (const [ms, text] of cases) t.equal(inShort(ms), text);
});
