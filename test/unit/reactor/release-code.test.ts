import { readFileSync, realpathSync } from 'node:fs';
import t from 'tap';
import { releaseCode, unchangedMappings } from '../../../src/reactor/release-code.ts';

const NODE = '/usr/bin/node';

function mapping(range: string, mode: string, file: string, anonymousKb: number): string {
  return `${range} ${mode} 00000000 08:01 77                         ${file}\nSize: 8 kB\nRss: 4 kB\nAnonymous: ${' '.repeat(10)}${anonymousKb} kB\nVmFlags: rd ex\n`;
}

t.test('only what is of the program, cannot be written and never was changed', async (t) => {
  const cases: [what: string, line: string, taken: boolean][] = [
    ['code', mapping('1000-3000', 'r-xp', NODE, 0), true],
    ['constants', mapping('1000-3000', 'r--p', NODE, 0), true],
    ['constants that were relocated at the start', mapping('1000-3000', 'r--p', NODE, 4), false],
    ['data', mapping('1000-3000', 'rw-p', NODE, 0), false],
    ['code that can be written', mapping('1000-3000', 'rwxp', NODE, 0), false],
    ['a shared mapping', mapping('1000-3000', 'r--s', NODE, 0), false],
    ['another file', mapping('1000-3000', 'r-xp', '/usr/lib/libc.so.6', 0), false],
    ['a file that was replaced', mapping('1000-3000', 'r-xp', `${NODE} (deleted)`, 0), false],
    ['no file', mapping('1000-3000', 'r-xp', '', 0).replace(' 77 ', ' 0 '), false],
  ];
  for (const [what, line, taken] of cases) {
    t.same(unchangedMappings(line, NODE), taken ? [{ start: 0x1000n, length: 0x2000n }] : [], what);
  }
  t.same(unchangedMappings('', NODE), [], 'nothing');
  t.same(unchangedMappings('1000-3000 r-xp 0 08:01 77 ', NODE), [], 'a line that is cut');
  const both = mapping('1000-3000', 'r--p', NODE, 8) + mapping('7fff00000000-7fff00002000', 'r-xp', NODE, 0);
  t.same(unchangedMappings(both, NODE), [{ start: 0x7fff00000000n, length: 0x2000n }], 'each by its own lines');
});

t.test('this process goes on, with less of the program in its memory', async (t) => {
  const path = realpathSync(process.execPath);
  const before = residentKb(path);
  t.ok(unchangedMappings(readFileSync('/proc/self/smaps', 'utf8'), path).length > 0, 'there is something to give back');
  releaseCode(readFileSync('/proc/self/smaps', 'utf8'), path);
  const after = residentKb(path);
  t.ok(after < before / 2, `${before} KiB before, ${after} KiB after`);
  t.equal(JSON.parse('{"still":[1,2,3]}').still.length, 3);
  t.match(
    new Intl.DateTimeFormat('en', { timeZone: 'UTC' }).format(0),
    '1970',
    'code and constants come back when they are needed',
  );
});

function residentKb(path: string): number {
  let sum = 0;
  let inside = false;
  for (const line of readFileSync('/proc/self/smaps', 'utf8').split('\n')) {
    if (/^[0-9a-f]+-[0-9a-f]+ /.test(line)) inside = line.endsWith(path);
    else if (inside && line.startsWith('Rss:')) sum += Number.parseInt(line.slice(4), 10);
  }
  return sum;
}
