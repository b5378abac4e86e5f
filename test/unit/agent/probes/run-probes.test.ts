import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import t from 'tap';
import { dialPlain } from '../../../../src/agent/probes/probe-socket.ts';
import { ProbeRunner } from '../../../../src/agent/probes/run-probes.ts';
import { createLogger } from '../../../../src/telemetry/logger.ts';

const logger = createLogger({ name: 'test', level: 'silent' });

t.test('a workload without a probe is healthy from the start', async (t) => {
  const runner = new ProbeRunner([], dialPlain, () => t.fail('nothing changes'), logger);
  runner.start();
  t.equal(runner.isHealthy({ key: 'a/b', address: '127.0.0.1', probe: null }), true);
  runner.stop();
});

t.test('a program that starts and stops turns the health of its workload', async (t) => {
  const server = createServer((socket) => socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const thresholds = {
    initialDelaySeconds: 0,
    periodSeconds: 0.1,
    timeoutSeconds: 0.1,
    successThreshold: 2,
    failureThreshold: 2,
  };
  const workload = {
    key: 'a/b',
    address: '127.0.0.1',
    probe: { check: { type: 'tcp' as const, port }, ...thresholds },
  };
  let wake: () => void = () => undefined;
  const nextChange = (): Promise<void> => new Promise((resolve) => (wake = resolve));
  const runner = new ProbeRunner([workload], dialPlain, () => wake(), logger);
  t.teardown(() => runner.stop());
  t.equal(runner.isHealthy(workload), false, 'not before the probe has passed');
  const up = nextChange();
  runner.start();
  await up;
  t.equal(runner.isHealthy(workload), true);
  const down = nextChange();
  server.close();
  await down;
  t.equal(runner.isHealthy(workload), false);
});

t.test('the first probe waits for its delay', async (t) => {
  const server = createServer((socket) => socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const pace = { periodSeconds: 0.1, timeoutSeconds: 5, successThreshold: 1, failureThreshold: 1 };
  const check = { type: 'tcp' as const, port };
  const workload = { key: 'a/b', address: '127.0.0.1', probe: { check, initialDelaySeconds: 0.3, ...pace } };
  const begun = performance.now();
  await new Promise<void>((resolve) => {
    const runner = new ProbeRunner([workload], dialPlain, resolve, logger);
    t.teardown(() => runner.stop());
    runner.start();
  });
  t.ok(performance.now() - begun >= 290, 'no sooner');
});

const PACE = {
  initialDelaySeconds: 0,
  periodSeconds: 0.05,
  timeoutSeconds: 5,
  successThreshold: 1,
  failureThreshold: 2,
};

t.test('a workload without an own probe takes that of its group, which may change', async (t) => {
  const server = createServer((socket) => socket.destroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port: nobody } = closed.address() as AddressInfo;
  closed.close();
  const at = (number: number) => ({ check: { type: 'tcp' as const, port: number }, ...PACE });
  const member = { key: 'shop/a', address: '127.0.0.1', probe: null, group: 'shop/orders' };
  const own = { ...member, key: 'shop/b', probe: { ...at(nobody), periodSeconds: 3600 } };
  let wake: () => void = () => undefined;
  const runner = new ProbeRunner([member, own], dialPlain, () => wake(), logger);
  const nextChange = (): Promise<void> => new Promise((resolve) => (wake = resolve));
  t.teardown(() => runner.stop());

  runner.start();
  t.equal(runner.isHealthy(member), false, 'not while nobody knows whether there is a probe');
  const none = nextChange();
  runner.setGroups(new Map([['shop/orders', null]]));
  await none;
  t.equal(runner.isHealthy(member), true, 'there is none');

  runner.setGroups(new Map([['shop/orders', at(port)]]));
  t.equal(runner.isHealthy(member), true, 'in service until the new probe fails');
  const down = nextChange();
  runner.setGroups(new Map([['shop/orders', at(nobody)]]));
  await down;
  t.equal(runner.isHealthy(member), false);

  const up = nextChange();
  runner.setGroups(new Map([['shop/orders', at(port)]]));
  t.equal(runner.isHealthy(member), false, 'out of service until it passes');
  await up;
  t.equal(runner.isHealthy(member), true);
  t.equal(runner.isHealthy(own), false, 'an own probe beats that of the group');
});

t.test('what the group says before the start counts from the start', async (t) => {
  const member = { key: 'shop/a', address: '127.0.0.1', probe: null, group: 'shop/orders' };
  const runner = new ProbeRunner([member], dialPlain, () => t.fail('nobody listens yet'), logger);
  t.teardown(() => runner.stop());
  runner.setGroups(new Map([['shop/orders', null]]));
  t.equal(runner.isHealthy(member), true);
});
