import t from 'tap';
import {
  addressSchema,
  cidrListSchema,
  nameSchema,
  portSelectionSchema,
  portSpanListSchema,
} from '../../../src/config/field-types.ts';

function accepts(schema: { safeParse(value: unknown): { success: boolean } }, value: unknown): boolean {
  return schema.safeParse(value).success;
}

t.test('ports and ranges', async (t) => {
  t.strictSame(portSpanListSchema.parse([80, '81', '8000-8100', '1-65535']), [
    { from: 80, to: 80 },
    { from: 81, to: 81 },
    { from: 8000, to: 8100 },
    { from: 1, to: 65535 },
  ]);
  for (const bad of [0, 65536, -1, 1.5, '', '0', '80-', '-80', '90-80', '1-65536', ' 80', '80 ', '0x50', null, [80]]) {
    t.notOk(accepts(portSpanListSchema, [bad]), JSON.stringify(bad));
  }
  t.equal(portSelectionSchema.parse('*'), '*');
  t.equal(portSelectionSchema.parse(undefined), '*');
  t.strictSame(portSelectionSchema.parse([]), []);
  t.notOk(accepts(portSelectionSchema, '80'));
});

t.test('address ranges of both families', async (t) => {
  for (const good of ['10.0.0.0/8', '10.0.0.1', '0.0.0.0/0', '255.255.255.255/32', '::/0', 'fd00::1', 'fd00::/128']) {
    t.ok(accepts(cidrListSchema, [good]), good);
  }
  for (const bad of [
    '',
    '10.0.0.0/33',
    '10.0.0/8',
    'fd00::/129',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '10.0.0.0/-1',
    '/8',
    'a/8',
    '10.0.0.0/ 8',
  ]) {
    t.notOk(accepts(cidrListSchema, [bad]), bad);
  }
});

t.test('addresses end in canonical text', async (t) => {
  t.equal(addressSchema.parse('FD00:0000::0001'), 'fd00::1');
  t.equal(addressSchema.parse('10.0.0.1'), '10.0.0.1');
  for (const bad of ['10.0.0', '010.0.0.1', 'fe80::1%lo', 'localhost', '']) t.notOk(accepts(addressSchema, bad), bad);
});

t.test('names are DNS labels', async (t) => {
  for (const good of ['a', 'a-b', '0', 'x'.repeat(63)]) t.ok(accepts(nameSchema, good), good);
  for (const bad of ['', '-a', 'a-', 'A', 'a.b', 'a*', 'a>', 'a b', 'x'.repeat(64)])
    t.notOk(accepts(nameSchema, bad), bad);
});
