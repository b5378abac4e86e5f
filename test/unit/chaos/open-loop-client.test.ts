import { spawn } from 'node:child_process';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { Tally } from '../../../scripts/chaos/open-loop-client.ts';

const CLIENT = fileURLToPath(new URL('../../../scripts/chaos/open-loop-client.ts', import.meta.url));

/** The client against a server of ours. */
async function withClient(
  rate: number,
  answer: (n: number, response: ServerResponse) => void,
  body: (take: () => Promise<Tally>) => Promise<void>,
): Promise<void> {
  let n = 0;
  const server = createServer((_, response) => answer(n++, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const port = String((server.address() as AddressInfo).port);
  const node = ['--disable-warning=ExperimentalWarning', CLIENT, '127.0.0.1', port, 'orders.shop', String(rate)];
  const child = spawn(process.execPath, node, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const take = async (): Promise<Tally> => {
    child.stdin.write('take\n');
    return JSON.parse((await lines.next()).value ?? 'null');
  };
  try {
    await body(take);
  } finally {
    child.stdin.end();
    await new Promise((resolve) => child.once('exit', resolve));
    server.closeAllConnections();
    server.close();
  }
}

t.test('a server that answers nothing for a while delays no request, and each delay counts', async (t) => {
  const waiting: ServerResponse[] = [];
  let hanging = true;
  const answer = (_: number, response: ServerResponse): void => {
    if (hanging) waiting.push(response);
    else response.end('orders-1\n');
  };
  await withClient(100, answer, async (take) => {
    while (waiting.length < 30) await sleep(10);
    hanging = false;
    for (const response of waiting) response.end('orders-2\n');
    const tally = await take();
    t.equal(tally.lost, 0, tally.problems.join());
    t.ok((tally.answers['orders-2'] ?? 0) >= 30, 'thirty were under way at once');
    t.ok(Math.max(...tally.latencies) >= 250, 'the first of thirty waited for 29 others to be due');
    t.equal(tally.sent, tally.latencies.length);
  });
});

t.test('everything but a 200 with the right body is lost, and is told with its reason', async (t) => {
  const answer = (n: number, response: ServerResponse): void => {
    if (n === 1) response.writeHead(503, { 'x-towpath-error': 'UH' }).end('no endpoint');
    else if (n === 2) response.end('somebody else');
    else if (n === 3) response.destroy();
    else if (n === 4) {
      response.writeHead(200, { 'content-length': '9' }).write('ord');
      setTimeout(() => response.destroy(), 20);
    } else response.end('orders-1\n');
  };
  await withClient(50, answer, async (take) => {
    await sleep(400);
    let { sent, lost, problems, answers } = await take();
    while (sent < 8) {
      const more = await take();
      sent += more.sent;
      lost += more.lost;
      problems = [...problems, ...more.problems];
      answers = { 'orders-1': (answers['orders-1'] ?? 0) + (more.answers['orders-1'] ?? 0) };
    }
    t.equal(lost, 4);
    t.match(problems.join('\n'), /503 UH "no endpoint"/);
    t.match(problems.join('\n'), /the answer is "somebody else"/);
    t.match(problems.join('\n'), /ECONNRESET|socket hang up/);
    t.match(problems.join('\n'), /the answer broke off/);
    t.same(answers, { 'orders-1': sent - 4 });
  });
});
