import { execFileSync } from 'node:child_process';
import { constants, readFileSync, renameSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { FileSink } from '../../../../src/telemetry/sinks/file-sink.ts';
import { stdoutSink } from '../../../../src/telemetry/sinks/stdout-sink.ts';
import { startWatch } from '../../../helpers/stopwatch.ts';

async function until(what: string, condition: () => boolean): Promise<void> {
  const limit = Date.now() + 20_000;
  while (!condition()) {
    if (Date.now() > limit) throw new Error(`timed out: ${what}`);
    await sleep(5);
  }
}

const line = (text: string): Buffer => Buffer.from(`${text}\n`);

t.test('lines arrive in order, behind what was there', async (t) => {
  const path = join(t.testdir({ 'a.log': 'before\n' }), 'a.log');
  const sink = new FileSink('file', path);
  for (let i = 0; i < 200; i++) sink.write(line(String(i)), 1);
  await sink.close(5_000);
  const lines = readFileSync(path, 'utf8').split('\n');
  t.same(lines, ['before', ...Array.from({ length: 200 }, (_, i) => String(i)), '']);
  t.strictSame(sink.counts(), { written: 200, dropped: 0, problem: '' });
  sink.write(line('late'), 1);
  t.equal(sink.counts().dropped, 1, 'a closed sink takes nothing');
});

t.test('a file that was moved away is made anew', async (t) => {
  const path = join(t.testdir({}), 'a.log');
  const sink = new FileSink('file', path, undefined, 20);
  sink.write(line('1'), 1);
  await until('the first line', () => sink.counts().written === 1);
  renameSync(path, `${path}.1`);
  await sleep(30);
  sink.write(line('2'), 1);
  await sink.close(5_000);
  t.same([readFileSync(`${path}.1`, 'utf8'), readFileSync(path, 'utf8')], ['1\n', '2\n']);
});

t.test('a pipe that nobody reads holds up nobody; what finds no room is dropped and counted', async (t) => {
  const path = join(t.testdir({}), 'pipe');
  execFileSync('mkfifo', [path]);
  const sink = new FileSink('file', path);
  const megabyte = Buffer.alloc(1 << 20, 'x\n');
  const writing = startWatch();
  for (let i = 0; i < 20; i++) sink.write(megabyte, 10);
  t.ok(writing.quietMs() < 1_000, 'it never waits');
  await until('the reason', () => sink.counts().problem === 'nobody reads the pipe');
  t.equal(sink.counts().dropped, 120, 'eight of twenty wait');
  // A reader that opens the pipe and reads nothing: the pipe fills up, and still nobody waits.
  const reader = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  await sleep(1_200);
  t.equal(sink.counts().written, 0, 'not one batch went through');
  const closing = startWatch();
  await sink.close(50);
  t.ok(closing.quietMs() < 2_000, 'the end is bounded');
  t.equal(sink.counts().dropped, 200, 'everything is accounted for');
  await reader.close();
});

t.test('a reader that stopped may go on, and finds whole lines', async (t) => {
  const path = join(t.testdir({}), 'pipe');
  execFileSync('mkfifo', [path]);
  const reader = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const sink = new FileSink('file', path);
  const text = Array.from({ length: 20_000 }, (_, i) => `line ${i} ${'x'.repeat(20)}\n`).join('');
  sink.write(Buffer.from(text), 20_000);
  await sleep(100);
  const seen: Buffer[] = [];
  const buffer = Buffer.alloc(65_536);
  for (let bytes = 0; bytes < text.length; ) {
    const n = await reader.read(buffer).then(
      ({ bytesRead }) => bytesRead,
      () => 0,
    );
    if (n === 0) await sleep(2);
    seen.push(Buffer.from(buffer.subarray(0, n)));
    bytes += n;
  }
  t.ok(Buffer.concat(seen).toString() === text, 'every byte came once');
  await sink.close(5_000);
  t.strictSame(sink.counts(), { written: 20_000, dropped: 0, problem: '' });
  await reader.close();
});

t.test('a path that cannot be opened is told, and tried again', async (t) => {
  const folder = t.testdir({});
  const sink = new FileSink('file', join(folder, 'not there', 'a.log'));
  sink.write(line('1'), 1);
  await until('the reason', () => /ENOENT/.test(sink.counts().problem));
  await sink.close(20);
  t.same([sink.counts().written, sink.counts().dropped], [0, 1]);
});

t.test('standard output is one too', async (t) => {
  const sink = stdoutSink();
  sink.write(line('# a comment on standard output'), 1);
  await sink.close(5_000);
  t.equal(sink.counts().written, 1);
});
