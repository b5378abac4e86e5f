import { readFileSync } from 'node:fs';
import t from 'tap';
import { renderMetricTables } from '../../../scripts/reference/render-metric-tables.ts';

t.test('docs/metrics.md lists what a scrape carries', async (t) => {
  const page = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
  t.ok(page === renderMetricTables(page), 'docs/metrics.md is older than the descriptions: run npm run docs');
  t.match(page, /\| `towpath_requests_total` \| counter \| `side` `service` /);
});

t.test('a table that does not exist is an error', async (t) => {
  t.throws(() => renderMetricTables('<!-- table: nothing -->\n<!-- end -->'), { message: /there is no table nothing/ });
});
