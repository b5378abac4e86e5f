/**
 * `npm run demo`: the main job, end to end, on this machine, in about a minute. Every number is measured from the client's side
 * and compared with the agents' own counters. `npm run demo -- --keep` leaves the lab up to look around.
 */
import { fileURLToPath } from 'node:url';
import { bringUpLab, DEFAULT_TOPOLOGY, findTowpath, readTopology, takeDownLab } from '../src/lab/index.ts';
import { TestLab } from '../test/network/support/lab.ts';
import { machineTraces } from '../test/network/support/machine-state.ts';
import { Report } from './demo/report.ts';
import { showDeadAgent, showDeadEndpoint, showNatsOutage, showRemoval } from './demo/scenes-failures.ts';
import { showBalancing, showCanary, showHeaderMatch, showInterception } from './demo/scenes-traffic.ts';

const NAME = 'demo';
const LIMIT_MS = 180_000;
const SCENES = [
  showInterception,
  showBalancing,
  showCanary,
  showHeaderMatch,
  showDeadEndpoint,
  showNatsOutage,
  showDeadAgent,
  showRemoval,
] as const;

const interrupted = new AbortController();
const keep = process.argv.includes('--keep');

async function main(report: Report): Promise<void> {
  const started = performance.now();
  const before = await machineTraces(NAME);
  console.log('Building five hosts out of network namespaces; nothing outside of them is touched.');
  const { plan } = await bringUpLab(await readTopology(DEFAULT_TOPOLOGY), NAME, {
    towpath: findTowpath(),
    progress: (text) => console.log(`   ${text.replace(fileURLToPath(new URL('../', import.meta.url)), '')}`),
    signal: interrupted.signal,
  });
  const lab = new TestLab(plan);
  for (const scene of SCENES) {
    await scene(lab, report).catch((error: unknown) => report.broken(error));
  }
  console.log(`\nThat took ${((performance.now() - started) / 1000).toFixed(0)} s.`);
  if (keep) return explainKept(lab);
  await lab.close();
  const after = await machineTraces(NAME);
  const clean = JSON.stringify(before) === JSON.stringify(after);
  report.check(
    'the lab is gone: no namespace, process, mount, file or rule is left',
    clean,
    clean ? 'nothing' : JSON.stringify(after),
  );
}

async function explainKept(lab: TestLab): Promise<void> {
  await lab.start('shop', 'agent');
  console.log(`The lab stays up. Try:
   bin/towpath lab status --name ${NAME}
   bin/towpath lab exec --name ${NAME} shop -- curl -si http://orders.shop/
   bin/towpath lab exec --name ${NAME} control -- towpath get httproute
   bin/towpath lab down --name ${NAME}`);
}

async function cleanUp(): Promise<void> {
  await takeDownLab(NAME).catch((error: Error) => console.error(`demo: ${error.message}`));
}

function stopOn(signal: NodeJS.Signals, status: number): void {
  process.once(signal, () => {
    console.log('\ndemo: interrupted, cleaning up');
    interrupted.abort();
    void cleanUp().then(() => process.exit(status));
  });
}

if (process.getuid?.() !== 0) {
  console.error('demo: network namespaces need root; run it as root or with sudo');
  process.exit(1);
}
stopOn('SIGINT', 130);
stopOn('SIGTERM', 143);
const report = new Report();
const limit = setTimeout(() => {
  report.broken(`not done after ${LIMIT_MS / 1000} s`);
  console.log(report.summary());
  void cleanUp().then(() => process.exit(1));
}, LIMIT_MS);
await cleanUp(); // of a demo that was kept or killed
try {
  await main(report);
} catch (error) {
  report.broken(error);
  await cleanUp();
}
clearTimeout(limit);
console.log(`\n${report.summary()}`);
process.exit(report.failed === 0 ? 0 : 1);
