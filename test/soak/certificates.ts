/**
 * `npm run soak -- --certificates`: certificates of a minute under load. Leaves renew, the root rotates, control is away for longer than half a
 * life, again and again; not one request may fail and not one connection may end. Afterwards they are let end: then all must be refused.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ask,
  harm,
  prepare,
  renewals,
  rotateRoot,
  secondsLeft,
  shortLived,
  startTraffic,
} from '../network/support/certificates.ts';
import { type TestLab, withLab } from '../network/support/lab.ts';

const LIFETIME_S = 60;
/** Control is away for so long. */
const AWAY_MS = 36_000;

/** @returns the exit status */
export function soakCertificates(minutes: number): Promise<number> {
  return withLab(shortLived(LIFETIME_S), async (lab) => {
    const failed: string[] = [];
    await prepare(lab);
    const traffic = await startTraffic(lab);
    const deadline = performance.now() + minutes * 60_000;
    let roots = 0;
    let outages = 0;
    while (performance.now() < deadline) {
      await rotateRoot(lab, LIFETIME_S);
      roots++;
      if (performance.now() > deadline) break;
      await outage(lab);
      outages++;
    }
    const reports = await traffic.stop();
    const counts = await renewals(lab);
    const { requests, pings } = reports;
    say(
      `${requests.requests} requests on ${requests.connections} connections, the slowest ${Math.round(requests.slowestMs)} ms`,
    );
    say(`${pings.held} answers on one connection of bytes, ${pings.fresh} connections of their own`);
    say(
      `${counts.join(' and ')} certificates, ${roots} roots, control was away ${outages} times for ${AWAY_MS / 1000} s`,
    );
    failed.push(...harm(reports));
    const refusal = await pastTheEnd(lab);
    say(`past the end: ${refusal}`);
    if (!/certificate.*spiffe:/.test(refusal)) failed.push('the refusal names no certificate');
    for (const problem of failed) say(`FAILED: ${problem}`);
    say(`${failed.length === 0 ? 1 : 0} passed, ${failed.length} failed`);
    return failed.length === 0 ? 0 : 1;
  });
}

/** From certificates that are new, so that what is left is enough. */
async function outage(lab: TestLab): Promise<void> {
  const left = (): Promise<number[]> => Promise.all(['client', 'server'].map((host) => secondsLeft(lab, host)));
  await lab.waitFor('new certificates', LIFETIME_S * 2_000, async () => {
    await sleep(250);
    return (await left()).every((seconds) => seconds > LIFETIME_S * 0.75);
  });
  await lab.stop('control', 'control', 'SIGKILL');
  await sleep(AWAY_MS);
  await lab.start('control', 'control');
  // Its port answers before it hears on NATS.
  await lab.waitFor('control', LIFETIME_S * 1_000, async () => {
    await sleep(250);
    return (await lab.towpath('cert', 'show')).exitCode === 0;
  });
}

async function pastTheEnd(lab: TestLab): Promise<string> {
  await lab.stop('control', 'control', 'SIGKILL');
  const refusal = await lab.waitFor('the end of the certificates', LIFETIME_S * 2_000, async () => {
    const heard = await ask(lab);
    return heard.startsWith('503') && heard;
  });
  await lab.start('control', 'control');
  await lab.waitFor('new certificates', LIFETIME_S * 2_000, async () => (await ask(lab)).startsWith('200 ok'));
  return refusal;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
