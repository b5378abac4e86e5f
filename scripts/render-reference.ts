/** `npm run docs`: writes docs/reference.md from the schemas, and the tables of docs/metrics.md from the metrics' descriptions. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderMetricTables } from './reference/render-metric-tables.ts';
import { renderReference } from './reference/render-reference.ts';

const docs = join(import.meta.dirname, '..', 'docs');
const metrics = join(docs, 'metrics.md');
const pages = [
  [join(docs, 'reference.md'), renderReference()],
  [metrics, renderMetricTables(readFileSync(metrics, 'utf8'))],
] as const;
for (const [file, text] of pages) {
  writeFileSync(file, text);
  console.log(`wrote ${file}`);
}
