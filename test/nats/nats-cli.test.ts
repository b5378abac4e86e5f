import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { operator, startAgent, startControl, until, workload } from './support/mesh.ts';
import { startNatsServer } from './support/nats-server.ts';

const ROOT = new URL('../../', import.meta.url);
const nats = await startNatsServer();
const control = await startControl(nats.url);
const agent = startAgent(nats.url, 'shop', [workload('orders-1', '10.0.0.1')]);
const directory = await mkdtemp(join(tmpdir(), 'towpath-nats-cli-'));
t.teardown(async () => {
  await agent.link.stop();
  await control.stop();
  await nats.dispose();
  await rm(directory, { recursive: true, force: true });
});

interface Ran {
  readonly status: number;
  readonly output: string;
}

function bash(script: string): Promise<Ran> {
  return new Promise((resolve) => {
    const env = { ...process.env, NATS_URL: nats.url, HOME: directory };
    const options = { cwd: directory, env, timeout: 30_000, maxBuffer: 16 * 1024 * 1024 };
    execFile('bash', ['-c', script], options, (error, stdout, stderr) => {
      const status = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ status, output: `${stdout}${stderr}` });
    });
  });
}

/** Shell blocks of a document, without the lines that name the server. */
function shellBlocks(markdown: string): string[] {
  return [...markdown.matchAll(/^```sh\n([\s\S]*?)^```$/gm)]
    .map((match) => (match[1] ?? '').replaceAll(/^export NATS_URL=.*\n/gm, ''))
    .filter((block) => block.trim() !== '');
}

/** Each command with its heredoc or continuation, so that a failure names the line. */
function traced(blocks: readonly string[]): string {
  return `set -euo pipefail\nPS4='+ line: '\nset -x\n${blocks.join('\n')}`;
}

const bus = await operator(nats.url);
await until('control and the agent are there', async () => {
  const reply = await bus.request('towpath.v1.default.control.mesh.status', '', 1_000).catch(() => null);
  return reply?.text().includes('"SYNCED"') === true;
});
await bus.close();

t.test('the nats program is installed', async (t) => {
  const { status, output } = await bash('nats --version');
  t.equal(status, 0, 'install it with: go install github.com/nats-io/natscli/nats@latest');
  t.match(output, /\d+\.\d+/);
});

t.test('every command of docs/nats.md works, in order', async (t) => {
  const blocks = shellBlocks(await readFile(new URL('docs/nats.md', ROOT), 'utf8'));
  t.ok((blocks.join('\n').match(/^nats /gm)?.length ?? 0) > 25, 'the commands are found');
  // Control writes into an edit what it keeps; a person is slower than that.
  const paced = blocks.map((block) => block.replaceAll(/^(nats kv (put|update|revert|del) .*)$/gm, '$1\nsleep 0.3'));
  const { status, output } = await bash(traced(paced));
  t.equal(status, 0, output.slice(-2_000));
  for (const expected of [
    /towpath-agent +│ 0\.1\.0 +│ shop/,
    /Subject: towpath\.v1\.default\.control\.resource\.apply/,
    /towpath-agent shop +rtt=/,
    /"id":"test","version":"0\.1\.0","state":"leads"/,
    /"outcome":"created"/,
    /"acknowledged":1,"missing":\[\],"rejected":\[\]/,
    /"generation":2,"conditions"/,
    /"items":\[\{"revision":\d+,"time":"[^"]+","operation":"delete"/,
    /"id":"HTTPRoute\.shop\.orders","outcome":"created","generation":\d/,
    /"fields":\[\{"path":"spec\.rules\[0\]\.timeouts\.request","before":"5s","after":"10s"\}\]/,
    /"action":"rollback","author":"ann"/,
    /"asked":\{"method":"GET","authority":"orders\.shop"/,
    /\{"level":"debug"\}/,
    /orders-1/,
    /"counts":\{"created":0,"updated":0,"unchanged":2,"deleted":0/,
    /"outcome":"deleted"/,
    /"action":"delete","author":"ann"/,
  ]) {
    t.match(output, expected);
  }
  t.notMatch(output, /Nats-Service-Error|"problems"/, 'nothing was refused');
});

t.test('README.md leads to these commands, and those that it shows itself work', async (t) => {
  const readme = await readFile(new URL('README.md', ROOT), 'utf8');
  t.match(readme, /\(docs\/nats\.md\)/);
  const blocks = shellBlocks(readme).filter((block) => /^nats (req|kv|micro|sub|stream) /m.test(block));
  const { status, output } = await bash(traced(blocks));
  t.equal(status, 0, output.slice(-2_000));
  t.notMatch(output, /Nats-Service-Error|"problems"/, 'nothing was refused');
});

t.test('what control refuses is told in the headers and the body', async (t) => {
  const { output } = await bash(`nats req towpath.v1.default.control.resource.apply '{"kind":"Servise"}'`);
  t.match(output, /Nats-Service-Error-Code: 400/);
  t.match(output, /did you mean Service\?/);
});
