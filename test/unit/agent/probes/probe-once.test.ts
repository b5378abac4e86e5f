import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import t from 'tap';
import { probeOnce } from '../../../../src/agent/probes/probe-once.ts';
import { dialPlain } from '../../../../src/agent/probes/probe-socket.ts';
import type { ProbeConfig } from '../../../../src/config/agent-config.ts';
import { startWatch } from '../../../helpers/stopwatch.ts';

function probe(check: ProbeConfig['check'], timeoutSeconds = 0.3): ProbeConfig {
  return { check, timeoutSeconds, initialDelaySeconds: 0, periodSeconds: 1, successThreshold: 1, failureThreshold: 1 };
}

async function serveHttp(t: Tap, listener: RequestListener): Promise<number> {
  const server = createHttpServer(listener);
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}
type Tap = { teardown(end: () => unknown): void };

t.test('a TCP probe passes when the connection opens, and fails when it is refused', async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  t.strictSame(await probeOnce(probe({ type: 'tcp', port }), '127.0.0.1', dialPlain), {
    passed: true,
    detail: 'connected',
  });
  await new Promise((resolve) => server.close(resolve));
  const { passed, detail } = await probeOnce(probe({ type: 'tcp', port }), '127.0.0.1', dialPlain);
  t.equal(passed, false);
  t.match(detail, /ECONNREFUSED/);
});

t.test('an HTTP probe passes on 200 to 399', async (t) => {
  let status = 0;
  const port = await serveHttp(t, (_, response) => response.writeHead(status).end('x'));
  for (const [code, passed] of [
    [200, true],
    [204, true],
    [302, true],
    [399, true],
    [404, false],
    [500, false],
  ] as const) {
    status = code;
    t.strictSame(await probeOnce(probe({ type: 'http', port, path: '/' }), '127.0.0.1', dialPlain), {
      passed,
      detail: `answered ${code}`,
    });
  }
});

t.test('HTTP probes go over the connection that they are given', async (t) => {
  const port = await serveHttp(t, (_, response) => response.end());
  const dialled: number[] = [];
  const outcome = await probeOnce(probe({ type: 'http', port: 1, path: '/' }), '127.0.0.1', (host, wanted, signal) => {
    dialled.push(wanted);
    return dialPlain(host, port, signal);
  });
  t.strictSame(outcome, { passed: true, detail: 'answered 200' });
  t.strictSame(dialled, [1]);
});

t.test('the path is asked, with a plain head', async (t) => {
  const seen: string[] = [];
  const port = await serveHttp(t, (request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers['user-agent']}`);
    response.end();
  });
  await probeOnce(probe({ type: 'http', port, path: '/healthz?x=1' }), '127.0.0.1', dialPlain);
  t.strictSame(seen, ['GET /healthz?x=1 towpath-probe']);
});

t.test('silence fails after the timeout, an endless body does not keep the probe', async (t) => {
  const silent = await serveHttp(t, () => undefined);
  const watch = startWatch();
  const outcome = await probeOnce(probe({ type: 'http', port: silent, path: '/' }), '127.0.0.1', dialPlain);
  t.strictSame(outcome, { passed: false, detail: 'no answer within 0.3 s' });
  t.ok(watch.quietMs() < 2_000);
  const endless = await serveHttp(t, (_, response) => response.writeHead(200).write('x'.repeat(100_000)));
  t.equal((await probeOnce(probe({ type: 'http', port: endless, path: '/' }), '127.0.0.1', dialPlain)).passed, true);
});

t.test('a command passes with exit status 0, and is ended when its time is up', async (t) => {
  const run = (command: [string, ...string[]], timeoutSeconds = 20) =>
    probeOnce(probe({ type: 'exec', command }, timeoutSeconds), '127.0.0.1', dialPlain);
  t.strictSame(await run(['true']), { passed: true, detail: 'ended with status 0' });
  t.strictSame(await run(['sh', '-c', 'exit 3']), { passed: false, detail: 'ended with status 3' });
  t.strictSame(await run(['/no/such/program']), { passed: false, detail: 'ended with status 127' });
  t.strictSame(await run(['sleep', '60'], 0.2), { passed: false, detail: 'ended with status 124' });
});
