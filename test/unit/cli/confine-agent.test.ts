/** The real program: no thread of it holds a capability that it does not need. Must run as root, as the agent does. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { freePorts } from '../../helpers/free-ports.ts';

const MAIN = new URL('../../../src/cli/main.ts', import.meta.url).pathname;

t.test(
  'every thread of an agent without rules holds no capability, can get none, and is in the group of the agent',
  async (t) => {
    const [outbound, inbound, explicit, admin, metrics] = await freePorts(5);
    const folder = t.testdir({
      'r.yaml': '',
      'agent.yaml': `ports: { outbound: ${outbound}, inbound: ${inbound}, explicit: ${explicit}, admin: ${admin}, metrics: ${metrics} }\ndns: { capture: false }\n`,
    });
    const words = ['--config', join(folder, 'agent.yaml'), '--standalone', join(folder, 'r.yaml'), '--no-intercept'];
    const agent = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, 'agent', ...words], {
      env: { PATH: process.env['PATH'], TOWPATH_STATE_DIRECTORY: join(folder, 'state') },
    });
    t.teardown(() => agent.kill('SIGKILL'));
    let log = '';
    const ready = new Promise<void>((resolve, reject) => {
      const hear = (bytes: Buffer): void => {
        log += String(bytes);
        if (log.includes('the agent is ready')) resolve();
      };
      agent.stdout.on('data', hear);
      agent.stderr.on('data', hear);
      agent.once('exit', () => reject(new Error(log)));
    });
    await ready;
    const pid = agent.pid ?? 0;
    const threads = readdirSync(`/proc/${pid}/task`);
    t.ok(threads.length > 1, `${threads.length} threads`);
    for (const thread of threads) {
      const status = readFileSync(`/proc/${pid}/task/${thread}/status`, 'utf8');
      t.match(status, /^Uid:\t0\t0\t0\t0$/m);
      t.match(status, /^Gid:\t15001\t15001\t15001\t15001$/m);
      t.match(status, /^NoNewPrivs:\t1$/m);
      for (const set of ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb'])
        t.match(status, new RegExp(`^Cap${set}:\t0{16}$`, 'm'), set);
    }
    t.notMatch(log, /keeps capabilities/);
    agent.kill('SIGTERM');
    await new Promise((resolve) => agent.once('exit', resolve));
  },
);
