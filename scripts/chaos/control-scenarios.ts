/** Control and NATS that die, lose their memory, or compete. */
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { describeChanges, underChanges } from './changes.ts';
import type { Scenario } from './scenario.ts';
import { CONTROLS, NATS_NODES } from './topologies.ts';

/** Longer than the lock of a control (10 s), and than a cluster takes to choose leaders (4 to 9 s). */
const AWAY_MS = 12_000;

export const killControl: Scenario = async ({ mesh, options }) => {
  const times = options.quick ? 1 : 3;
  const changed = await underChanges(mesh, async (changes) => {
    for (let time = 0; time < times; time++) {
      await mesh.lab.stop('control', 'control', 'SIGKILL');
      await sleep(options.quick ? 3_000 : AWAY_MS);
      await mesh.lab.start('control', 'control');
      await changes.flow(5);
    }
  });
  return `killed ${times} times; ${describeChanges(changed)}`;
};

export const killNats: Scenario = async ({ mesh, options }) => {
  await mesh.lab.stop('control', 'nats', 'SIGKILL');
  await sleep(options.outageMs);
  await mesh.lab.start('control', 'nats');
  const started = performance.now();
  await mesh.inStep();
  const seconds = (performance.now() - started) / 1_000;
  return `${options.outageMs / 1_000} s without NATS, all in step ${seconds.toFixed(1)} s after`;
};

export const wipeStore: Scenario = async ({ mesh, options }) => {
  const { lab } = mesh;
  const folder = lab.host('control').folder;
  const backup = `${lab.plan.folder}/backup.json`;
  await mesh.must(['backup', '-o', backup]);
  await lab.stop('control', 'control', 'SIGKILL');
  await lab.stop('control', 'nats', 'SIGKILL');
  await rm(`${folder}/nats/jetstream`, { recursive: true });
  await lab.start('control', 'nats');
  await lab.start('control', 'control');
  await lab.waitFor('control to answer about an empty mesh', 30_000, async () => {
    const { stderr } = await mesh.towpath(['get', 'all']);
    return stderr.includes('no resources found');
  });
  await sleep(options.quick ? 3_000 : AWAY_MS);
  const restored = await mesh.must(['restore', backup, '--wait']);
  return `store removed; restored: ${restored.trim()}`;
};

export const killNode: Scenario = async ({ mesh, options }) => {
  const victims = options.quick ? NATS_NODES.slice(0, 1) : NATS_NODES;
  const changed = await underChanges(mesh, async (changes) => {
    for (const node of victims) {
      await mesh.lab.stop(node, 'nats-node', 'SIGKILL');
      await sleep(AWAY_MS);
      await changes.flow(5);
      await mesh.lab.start(node, 'nats-node');
      await sleep(AWAY_MS);
      await changes.flow(5);
    }
  });
  return `${victims.length} of 3 nodes killed, one at a time; ${describeChanges(changed)}`;
};

/** The lock is taken away again and again, so that for a moment both believe to lead; then the one that does is killed. */
export const raceControls: Scenario = async ({ mesh, options }) => {
  const holders = new Set<string>();
  const thefts = options.quick ? 4 : 20;
  let killed = '';
  const changed = await underChanges(mesh, async (changes) => {
    for (let theft = 0; theft < thefts; theft++) {
      const holder = await changes.leader();
      if (holder !== null) holders.add(holder);
      await changes.stealLock();
      await sleep(1_500);
    }
    const leader = await mesh.lab.waitFor('a control to lead', 30_000, () => changes.leader());
    const victim = CONTROLS.find((name) => name === leader);
    if (victim === undefined) throw new Error(`"${leader}" leads, which is none of ours`);
    killed = victim;
    await mesh.lab.stop(victim, 'replica', 'SIGKILL');
    await changes.flow(5);
    await mesh.lab.start(victim, 'replica');
    await changes.flow(5);
  });
  const from = [...holders].sort().join(' and ');
  return `lock stolen ${thefts} times from ${from}, ${killed} killed; ${describeChanges(changed)}`;
};
