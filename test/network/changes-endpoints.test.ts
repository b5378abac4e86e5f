/** Endpoints that come, go and restart while clients run: no request fails, and none reaches an endpoint that was taken out. */
import t from 'tap';
import { type TestLab, withLab } from './support/lab.ts';
import { assertUnharmed, requestMany, startLoad } from './support/load.ts';
import { assertSound } from './support/traffic.ts';

const CLIENTS = 16;
const AGENTS = ['cache', 'orders-v1', 'orders-v2', 'shop'];
const PLAN = { url: 'http://many.shop/', clients: CLIENTS, pauseMs: 10 };
const PORTS = Array.from({ length: 10 }, (_, i) => 9_001 + i);
const SERVICE = `
apiVersion: v1
kind: Service
metadata: { name: many, namespace: shop }
spec: { selector: { app: many }, ports: [{ name: http, port: 80, appProtocol: http }] }
`;
const entry = (address: string, port: number): string => `
apiVersion: networking.istio.io/v1
kind: WorkloadEntry
metadata: { name: many-${port}, namespace: shop }
spec: { address: ${address}, labels: { app: many }, ports: { http: ${port} } }
`;

/** The ports that answered, in order. */
async function answering(lab: TestLab): Promise<string[]> {
  return Object.keys((await requestMany(lab, 'shop', { ...PLAN, pauseMs: 0 }, 400)).answers).sort();
}

t.setTimeout(180_000);

await withLab(new URL('../../lab/shop.yaml', import.meta.url).pathname, async (lab) => {
  const address = lab.address('orders-v1', 'ipv4');
  const program = new URL('support/programs/endpoints.ts', import.meta.url).pathname;
  const endpoints = lab.spawn('orders-v1', [
    process.execPath,
    '--disable-warning=ExperimentalWarning',
    program,
    ...PORTS.map(String),
  ]);
  await lab.waitFor('the endpoints to listen', 10_000, async () => endpoints.stdout.includes('ready'));
  const three = PORTS.slice(0, 3);
  await lab.apply([SERVICE, ...three.map((port) => entry(address, port))].join('---'));
  t.same(await answering(lab), three.map(String).sort());

  await t.test('three endpoints become ten and three again, five times', async (t) => {
    const load = await startLoad(lab, 'shop', PLAN);
    const others = PORTS.slice(3);
    const seven = others.map((port) => entry(address, port)).join('---');
    for (let round = 0; round < 5; round++) {
      await lab.apply(seven);
      if (round === 0) t.same(await answering(lab), PORTS.map(String).sort(), 'all ten answer');
      // One after the other the first time, then all by one change.
      for (const port of round === 0 ? others : [])
        await lab.run('control', ['towpath', 'delete', 'workloadentry', `many-${port}`, '-n', 'shop', '--wait']);
      if (round > 0) await lab.run('control', ['towpath', 'delete', '-f', '-', '--wait'], seven);
      if (round < 2) t.same(await answering(lab), three.map(String).sort(), 'from the moment delete returns');
    }
    assertUnharmed(t, await load.stop(), CLIENTS);
  });

  await t.test('every endpoint restarts, one after the other', async (t) => {
    const load = await startLoad(lab, 'shop', PLAN);
    for (const port of three) {
      endpoints.child.stdin.write(`restart ${port}\n`);
      await lab.waitFor(`port ${port} to be up again`, 10_000, async () => endpoints.stdout.includes(`up ${port}`));
    }
    const report = await load.stop();
    assertUnharmed(t, report, CLIENTS);
  });

  await t.test('the agents are sound at the end', async (t) => assertSound(t, lab, AGENTS));
});
