/** SECURITY.md promises numbers: each names the test that keeps it, and the test is there. */
import { existsSync, readFileSync } from 'node:fs';
import t from 'tap';

const ROOT = new URL('../../../', import.meta.url);
const text = readFileSync(new URL('SECURITY.md', ROOT), 'utf8');

t.test('every file that it names is there', async (t) => {
  const named = [...text.matchAll(/`((?:test|docs|src|scripts)\/[\w./-]+)`/g)].map(([, path = '']) => path);
  t.ok(named.length > 30);
  for (const path of new Set(named)) t.ok(existsSync(new URL(path, ROOT)), path);
});

t.test('every bar names a test', async (t) => {
  const [, table = ''] = text.split('## Bars against denial of service');
  const rows = (table.split('\n## ')[0] ?? '').split('\n').filter((line) => /^\| (?!what |---)/.test(line));
  t.ok(rows.length >= 20, `${rows.length} bars`);
  for (const row of rows) t.match(row, /\d[\s\S]*\| `test\/[^|]*` \|$|linear[\s\S]*\| `test\//, row.slice(0, 60));
});

t.test('the five attackers, what is not defended, and how to report', async (t) => {
  for (const words of [
    'program of the host',
    'host is taken over',
    'hostile peer',
    'hostile client of NATS',
    'hostile author',
  ])
    t.match(text, new RegExp(`^### A .*${words.replace(/^A /, '')}|^### A ${words}`, 'm'), words);
  t.match(text, /^## What is not defended$/m);
  t.match(text, /^Report a weakness privately/m);
});
