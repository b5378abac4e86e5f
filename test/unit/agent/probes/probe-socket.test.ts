import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import t from 'tap';
import { probeOnce } from '../../../../src/agent/probes/probe-once.ts';
import { dialMarked } from '../../../../src/agent/probes/probe-socket.ts';

/** Mark 0 is what every socket has: setting it needs no privilege. */
const dial = dialMarked(0);
const THRESHOLDS = {
  initialDelaySeconds: 0,
  timeoutSeconds: 0.3,
  periodSeconds: 1,
  successThreshold: 1,
  failureThreshold: 1,
};

for (const address of ['127.0.0.1', '::1']) {
  t.test(`a marked dial to ${address} carries TCP and HTTP probes, and tells refusal and silence apart`, async (t) => {
    const web = createHttpServer((_, response) => response.writeHead(204).end());
    const silent = createServer();
    t.teardown(() => {
      web.close();
      silent.close();
    });
    await once(web.listen(0, address), 'listening');
    await once(silent.listen(0, address), 'listening');
    const { port } = web.address() as AddressInfo;
    const http = { type: 'http', path: '/' } as const;
    t.strictSame(await probeOnce({ check: { type: 'tcp', port }, ...THRESHOLDS }, address, dial), {
      passed: true,
      detail: 'connected',
    });
    t.strictSame(await probeOnce({ check: { ...http, port }, ...THRESHOLDS }, address, dial), {
      passed: true,
      detail: 'answered 204',
    });
    const silentPort = (silent.address() as AddressInfo).port;
    t.strictSame(await probeOnce({ check: { ...http, port: silentPort }, ...THRESHOLDS }, address, dial), {
      passed: false,
      detail: 'no answer within 0.3 s',
    });
    const refused = await probeOnce({ check: { type: 'tcp', port: 1 }, ...THRESHOLDS }, address, dial);
    t.match(refused, { passed: false, detail: /ECONNREFUSED/ });
  });
}
