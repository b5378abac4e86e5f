import t from 'tap';
import { AT, DynamicTable, NAME_LENGTH, VALUE_LENGTH } from '../../../../../src/proxy/codec/http2/dynamic-table.ts';

/** Adds `name=value` as the codecs do: what does not fit empties the table. */
function add(table: DynamicTable, name: string, value: string): void {
  const source = Buffer.from(name + value, 'latin1');
  const size = source.length + 32;
  table.evict(Math.max(0, table.capacity - size));
  if (size > table.capacity) return;
  const row = table.insert(source, 0, name.length, source, name.length, value.length);
  table.tokens[table.slotOf(table.inserted - 1)] = table.inserted;
  t.equal(row, table.rowOf(table.inserted - 1));
}

/** The entries, newest first. */
function entries(table: DynamicTable): string[] {
  const out: string[] = [];
  for (let number = table.inserted - 1; number >= table.inserted - table.count; number--) {
    const row = table.rowOf(number);
    const at = table.rows[row + AT];
    const valueAt = at + table.rows[row + NAME_LENGTH];
    const value = table.bytes.toString('latin1', valueAt, valueAt + table.rows[row + VALUE_LENGTH]);
    out.push(`${table.bytes.toString('latin1', at, valueAt)}=${value}`);
    t.equal(table.tokens[table.slotOf(number)], number + 1, 'the token stays with its entry');
  }
  return out;
}

t.test('the oldest entries go when there is no room', (t) => {
  const table = new DynamicTable(110);
  add(table, 'a', '1');
  add(table, 'b', '2');
  add(table, 'c', '3');
  t.strictSame(entries(table), ['c=3', 'b=2', 'a=1']);
  t.equal(table.size, 102);
  add(table, 'd', '4');
  t.strictSame(entries(table), ['d=4', 'c=3', 'b=2']);
  add(table, 'e', '5'.repeat(70));
  t.strictSame(entries(table), [`e=${'5'.repeat(70)}`]);
  add(table, 'f', '6'.repeat(80));
  t.strictSame(entries(table), [], 'an entry that never fits empties the table');
  t.equal(table.size, 0);
  t.end();
});

t.test('a smaller capacity evicts, a larger one keeps what is there', (t) => {
  const table = new DynamicTable(4096);
  for (let i = 0; i < 20; i++) add(table, `name-${i}`, `value-${i}`);
  const all = entries(table);
  t.equal(all.length, 20);
  table.setCapacity(200);
  t.strictSame(entries(table), all.slice(0, 4));
  table.setCapacity(65_536);
  t.strictSame(entries(table), all.slice(0, 4));
  for (let i = 20; i < 1000; i++) add(table, `name-${i}`, `value-${i}`);
  t.equal(table.count, 984);
  t.strictSame(entries(table).slice(-4), all.slice(0, 4));
  table.setCapacity(0);
  t.strictSame(entries(table), []);
  add(table, '', '');
  t.strictSame(entries(table), [], 'not even an empty entry fits into nothing');
  t.end();
});

t.test('as many empty entries as the capacity allows', (t) => {
  const table = new DynamicTable(4096);
  for (let i = 0; i < 1000; i++) add(table, '', '');
  t.equal(table.count, 128);
  t.equal(table.size, 4096);
  t.end();
});

t.test('strings survive any number of insertions of all sizes, in bounded memory', (t) => {
  const table = new DynamicTable(4096);
  const model: string[] = [];
  for (let i = 0; i < 20_000; i++) {
    const value = String.fromCharCode(97 + (i % 26)).repeat((i * 7919) % (i % 50 === 0 ? 4000 : 90));
    add(table, `n${i}`, value);
    model.unshift(`n${i}=${value}`);
    model.length = Math.min(model.length, table.count);
    if (i % 97 === 0) t.strictSame(entries(table), model);
  }
  t.ok(table.bytes.length <= 8192, `${table.bytes.length} bytes`);
  t.end();
});
