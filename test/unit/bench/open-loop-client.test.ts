import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { parseOpenLoop } from '../../../bench/load/open-loop.ts';

const runFile = promisify(execFile);
const CLIENT = join(import.meta.dirname, '..', '..', '..', 'bench', 'load', 'open-loop-client.ts');

async function measure(server: Server): Promise<ReturnType<typeof parseOpenLoop>> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const words = [CLIENT, '127.0.0.1', String(port), '/', '4', '200', '1'];
  try {
    return parseOpenLoop((await runFile(process.execPath, words)).stdout);
  } finally {
    server.close();
  }
}

t.test('requests leave at the rate that is asked for', async (t) => {
  let requests = 0;
  const result = await measure(
    createServer((_, response) => {
      requests += 1;
      response.end('x'.repeat(1024));
    }),
  );
  t.match(result, { requests: 200, errors: 0 });
  t.equal(requests, 200);
  t.ok(result.seconds > 0.99, `not faster than asked for: ${result.seconds} s`);
});

t.test('a stall counts for every request that it delays', async (t) => {
  let requests = 0;
  const result = await measure(
    createServer((_, response) => {
      requests += 1;
      // The whole server stops for 300 ms once: 60 requests were due meanwhile, only 4 connections could notice.
      if (requests === 100) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
      response.end();
    }),
  );
  t.equal(result.errors, 0);
  t.ok((result.latency?.p99 ?? 0) > 200, `p99 is ${result.latency?.p99} ms`);
});

t.test('an answer that is no 200 is an error', async (t) => {
  const result = await measure(
    createServer((_, response) => {
      response.statusCode = 503;
      response.end();
    }),
  );
  t.ok(result.errors > 0);
  t.match(result.errorKinds, /503/);
});
