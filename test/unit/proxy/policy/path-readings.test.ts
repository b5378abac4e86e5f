import t from 'tap';
import {
  AS_WRITTEN,
  DECODED_TWICE,
  isPlainPath,
  MAX_PATH,
  PathReadings,
  READINGS,
  RESOLVED,
  WITHOUT_LAST_SLASH,
  WITHOUT_PARAMETERS,
} from '../../../../src/proxy/policy/path-readings.ts';

const readings = new PathReadings();

function read(path: string, reading: number): string {
  const bytes = Buffer.from(`##${path}##`, 'latin1');
  readings.read(bytes, 2, path.length);
  const at = readings.startOf(reading);
  return Buffer.from(readings.bytes.subarray(at, at + readings.lengthOf(reading))).toString('latin1');
}

t.test('most paths have one reading', async (t) => {
  for (const path of ['/', '/a', '/a/b/', '/a.b/c~d', '/a/b.', '/api/v1/items/17']) {
    const bytes = Buffer.from(path);
    t.ok(isPlainPath(bytes, 0, bytes.length), path);
    for (let i = 0; i < READINGS; i++) t.equal(read(path, i), path);
    t.equal(readings.count, 1);
  }
});

t.test('resolved: what routes go by', async (t) => {
  const cases: readonly [string, string][] = [
    ['//a', '/a'],
    ['/a//b', '/a/b'],
    ['/a///', '/a/'],
    ['/./a', '/a'],
    ['/a/.', '/a/'],
    ['/a/..', '/'],
    ['/a/../b', '/b'],
    ['/a/b/../../c', '/c'],
    ['/..', '/'],
    ['/../../a', '/a'],
    ['/...', '/...'],
    ['/.well-known/x', '/.well-known/x'],
    ['/a/..b/c', '/a/..b/c'],
    ['/%61dmin', '/admin'],
    ['/%2e%2e/a', '/a'],
    ['/x/%2E%2e/a', '/a'],
    ['/x/.%2e/a', '/a'],
    ['/a%2fb', '/a/b'],
    ['/a%5Cb', '/a/b'],
    ['\\a\\b', '/a/b'],
    ['/a/%2f/b', '/a/b'],
    ['/a%20b', '/a%20b'],
    ['/a%2', '/a%2'],
    ['/a%zz', '/a%zz'],
    ['/a%', '/a%'],
    ['/a;v=1/b', '/a;v=1/b'],
    ['/x/..%2fa', '/a'],
  ];
  for (const [path, wanted] of cases) t.equal(read(path, RESOLVED), wanted, path);
});

t.test('as written: only what is encoded without need is decoded', async (t) => {
  t.equal(read('/%61/../b%2Fc', AS_WRITTEN), '/a/../b%2Fc');
  t.equal(read('/%7Euser', AS_WRITTEN), '/~user');
});

t.test('without parameters, decoded twice, without the last slash', async (t) => {
  t.equal(read('/a;v=1/b;w', WITHOUT_PARAMETERS), '/a/b');
  t.equal(read('/pub/..;/admin', WITHOUT_PARAMETERS), '/admin');
  t.equal(read('/admin%3bx', WITHOUT_PARAMETERS), '/admin');
  t.equal(read('/%252e%252e/a', DECODED_TWICE), '/a');
  t.equal(read('/x/%25252e%25252e/a', DECODED_TWICE), '/a');
  t.equal(read('/a%2520b', DECODED_TWICE), '/a b');
  t.equal(read('/admin/.', WITHOUT_LAST_SLASH), '/admin');
  t.equal(read('/..', WITHOUT_LAST_SLASH), '/');
});

t.test('a path that is too long has no readings', async (t) => {
  const long = Buffer.alloc(MAX_PATH + 1, 0x2f);
  readings.read(long, 0, long.length);
  t.equal(readings.count, 0);
  readings.read(long, 0, MAX_PATH);
  t.equal(readings.count, READINGS);
  t.equal(readings.lengthOf(RESOLVED), 1);
});
