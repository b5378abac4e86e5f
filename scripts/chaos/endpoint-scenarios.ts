/** Routes that change, and endpoints that come, go and restart. */
import { Changes, describeChanges } from './changes.ts';
import type { Mesh } from './mesh.ts';
import { type Scenario, type Stage, untilAnswering } from './scenario.ts';
import { ENDPOINTS, endpointHosts, MOST_ENDPOINTS } from './topologies.ts';

const THREE = endpointHosts(ENDPOINTS);
const EXTRA_HOSTS = endpointHosts(MOST_ENDPOINTS).slice(ENDPOINTS);
const SETTLE_MS = 20_000;

export const changeRoutes: Scenario = async ({ mesh, options }) => {
  const changes = new Changes(mesh, 10, options.quick ? 200 : 1_000);
  try {
    return describeChanges(await changes.finish());
  } finally {
    await changes.end();
  }
};

/** Hosts join and leave in good order, the seven leaving at the same moment: first the agent says good-bye, then the program stops. */
export const scale: Scenario = async (stage) => {
  const rounds = stage.options.quick ? 1 : 3;
  const { lab } = stage.mesh;
  for (let round = 0; round < rounds; round++) {
    for (const host of EXTRA_HOSTS) {
      await lab.start(host, 'nginx');
      await lab.start(host, 'agent');
    }
    await untilAnswering(stage, [...THREE, ...EXTRA_HOSTS], SETTLE_MS);
    await dismissExtraHosts(stage.mesh);
    await untilAnswering(stage, THREE, SETTLE_MS);
  }
  return `3 to 10 to 3, ${rounds} times`;
};

/** Ends agents and programs of all hosts beyond the third. */
export async function dismissExtraHosts({ lab }: Mesh): Promise<void> {
  for (const program of ['agent', 'nginx']) {
    const signal = program === 'agent' ? 'SIGTERM' : 'SIGQUIT';
    await Promise.all(EXTRA_HOSTS.map((host) => lab.stop(host, program, signal)));
  }
}

/** Each of the three in turn, the next once the one before answers again. */
async function restartEach(stage: Stage, program: string, signal: NodeJS.Signals): Promise<string> {
  const rounds = stage.options.quick ? 1 : 3;
  const { lab } = stage.mesh;
  for (let round = 0; round < rounds; round++) {
    for (const host of THREE) {
      await lab.stop(host, program, signal);
      await lab.start(host, program);
      await untilAnswering(stage, THREE, SETTLE_MS);
    }
  }
  return `${rounds * THREE.length} restarts of ${program} (${signal})`;
}

export const restartGracefully: Scenario = (stage) => restartEach(stage, 'nginx', 'SIGQUIT');
export const restartKilled: Scenario = (stage) => restartEach(stage, 'nginx', 'SIGKILL');
export const restartAgents: Scenario = (stage) => restartEach(stage, 'agent', 'SIGTERM');
