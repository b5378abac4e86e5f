import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { readLabState } from '../../src/lab/lab-files.ts';
import { isAlive } from '../../src/lab/process-table.ts';
import { machineTraces } from './support/machine-state.ts';

const TOWPATH = new URL('../../bin/towpath', import.meta.url).pathname;
t.setTimeout(120_000);
const folder = mkdtempSync(join(tmpdir(), 'towpath-lab-test-'));
t.teardown(() => rmSync(folder, { recursive: true }));

const TOPOLOGY = join(folder, 'lab.yaml');
writeFileSync(
  TOPOLOGY,
  `hosts:
  one:
    programs:
      - { name: redis, command: [redis-server, --save, ""], ready: { port: 6379 } }
      - { name: forker, command: [sh, -c, "while :; do sleep 0.01; done"] }
  two: { programs: [{ name: idle, command: [sleep, infinity] }] }
  three: {}
`,
);

interface Result {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function towpath(...args: string[]): { child: ChildProcess; result: Promise<Result> } {
  const child = spawn(TOWPATH, ['lab', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  return { child, result: once(child, 'close').then(([code]) => ({ code, out, err })) };
}

t.test('up, status, exec and down, by the command line', async (t) => {
  const name = `x-${process.pid}`;
  const before = await machineTraces(name);
  t.match(await towpath('up', '--topology', TOPOLOGY, '--name', name).result, { code: 0, out: /the lab is up/ });
  t.match(await towpath('up', '--topology', TOPOLOGY, '--name', name).result, { code: 1, err: /is already up/ });
  const status = await towpath('status', '--name', name, '-o', 'json').result;
  t.match(status.code, 0);
  t.match(JSON.parse(status.out), {
    name,
    phase: 'up',
    hosts: [{ name: 'one', programs: [{ name: 'redis', state: 'ready' }, {}] }, {}, {}],
  });
  t.match(await towpath('exec', 'two', '--name', name, '--', 'sh', '-c', 'hostname -I >/dev/null; exit 9').result, {
    code: 9,
  });
  t.match(await towpath('exec', 'two', '--name', name, '--', 'redis-cli', '-h', 'one', 'ping').result, { code: 0 });
  t.match(await towpath('exec', 'four', '--name', name, '--', 'true').result, {
    code: 1,
    err: /has no host "four"; it has one, two, three/,
  });
  t.match(await towpath('stop', 'one', 'redis', '--name', name, '--signal', 'KILL').result, { code: 0 });
  t.match(await towpath('status', '--name', name).result, { code: 1, out: /redis +ended/ });
  t.match(await towpath('down', '--name', name).result, { code: 0, out: /the lab is down/ });
  t.same(await machineTraces(name), before);
  t.match(await towpath('down', '--name', name).result, { code: 0, out: /nothing to remove/ });
  t.match(await towpath('status', '--name', name).result, { code: 1, err: /there is no lab/ });
});

t.test('wrong usage is one sentence and status 2', async (t) => {
  for (const args of [
    [],
    ['fly'],
    ['exec', 'shop'],
    ['exec', '--', 'true'],
    ['up', 'extra'],
    ['stop', 'a'],
    ['up', '--name', '../x'],
    ['stop', 'a', 'b', '--signal', 'FOO'],
    ['status', '-o', 'xml'],
    ['up', '--topologie', 'x'],
  ]) {
    const { code, err } = await towpath(...args).result;
    t.equal(code, 2, args.join(' '));
    t.notMatch(err, /\n {4}at /, 'no stack');
  }
});

t.test('a topology that is wrong is refused before anything is made', async (t) => {
  const name = `x-${process.pid}`;
  const before = await machineTraces(name);
  const file = join(folder, 'wrong.yaml');
  for (const [text, expected] of [
    [
      'hosts: {one: {agent: {config: {workload: []}}}}\ncontrol: one\n',
      /hosts\.one\.agent\.config: workload: unknown field; did you mean "workloads"\?/,
    ],
    ['hosts: {one: {}}\ncontrol: one\nresources: [nowhere.yaml]\n', /resources: cannot be read: .*nowhere\.yaml/],
    ['hosts: {one: {}\n', /wrong\.yaml: line /],
    ['hosts: {one: {program: []}}\n', /wrong\.yaml: hosts\.one\.program: unknown field; did you mean "programs"\?/],
  ] as const) {
    writeFileSync(file, text);
    t.match(await towpath('up', '--topology', file, '--name', name).result, { code: 1, err: expected });
  }
  t.same(await machineTraces(name), before);
});

t.test('a program that does not start takes the lab down again and shows its log', async (t) => {
  const name = `x-${process.pid}`;
  const before = await machineTraces(name);
  const file = join(folder, 'broken.yaml');
  const program = '{ name: bad, command: [sh, -c, "echo the reason; exit 1"], ready: { port: 1 } }';
  writeFileSync(file, `hosts: { one: { programs: [${program}] } }\n`);
  const result = await towpath('up', '--topology', file, '--name', name).result;
  t.match(result, { code: 1, err: /bad on one \(port 1\) ended at once; the end of its log:\n {2}the reason/ });
  t.same(await machineTraces(name), before);
});

t.test('after Ctrl-C nothing is left', async (t) => {
  const name = `x-${process.pid}`;
  const before = await machineTraces(name);
  const file = join(folder, 'slow.yaml');
  writeFileSync(file, 'hosts: { one: { programs: [{ name: slow, command: [sleep, "100"], ready: { port: 1 } }] } }\n');
  const { child, result } = towpath('up', '--topology', file, '--name', name);
  while ((await readLabState(name))?.running.length !== 1) await sleep(10);
  child.kill('SIGINT');
  t.match(await result, { code: 130, err: /interrupted; the lab is down again/ });
  t.same(await machineTraces(name), before);
});

t.test('after SIGKILL at any moment of its life `up` says so, and `down` leaves nothing', async (t) => {
  const name = `x-${process.pid}`;
  const before = await machineTraces(name);
  for (let delay = 100; delay <= 600; delay += 70) {
    const { child, result } = towpath('up', '--topology', TOPOLOGY, '--name', name);
    await sleep(delay);
    child.kill('SIGKILL');
    await result;
    const state = await readLabState(name);
    if (state !== null && state.phase === 'starting') {
      t.notOk(isAlive(state.owner));
      const again = await towpath('up', '--topology', TOPOLOGY, '--name', name).result;
      t.match(again, { code: 1, err: /was left half-way/ }, `killed after ${delay} ms`);
    }
    t.equal((await towpath('down', '--name', name).result).code, 0);
    await sleep(50);
    t.same(await machineTraces(name), before, `killed after ${delay} ms`);
  }
});

t.test('`down` stops an `up` that is under way', async (t) => {
  const name = `x-${process.pid}`;
  const before = await machineTraces(name);
  const { result } = towpath('up', '--topology', join(folder, 'slow.yaml'), '--name', name);
  while ((await readLabState(name))?.running.length !== 1) await sleep(10);
  t.match(await towpath('down', '--name', name).result, { code: 0 });
  t.match(await result, { code: 130 });
  t.same(await machineTraces(name), before);
});
