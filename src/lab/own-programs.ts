/** The programs that the lab adds itself: nats-server, `towpath control` and `towpath agent`, with generated settings. Pure. */
import { formatYaml } from '../core/yaml.ts';
import type { HostPlan, ProgramPlan, TowpathCommand } from './lab-plan.ts';
import type { HostTopology } from './topology.ts';

/** A program without the places that depend on its host. */
type OwnProgram = Omit<ProgramPlan, 'folder' | 'log'>;
type AgentTopology = NonNullable<HostTopology['agent']>;

export const NATS_PORT = 4222;
export const CONTROL_PORT = 15010;
export const METRICS_PORT = 15020;

/** `folder` is where JetStream keeps its files. */
export function natsProgram(folder: string): OwnProgram {
  const settings = [
    'host: "::"',
    `port: ${NATS_PORT}`,
    `jetstream { store_dir: ${JSON.stringify(`${folder}/jetstream`)}, max_memory_store: 64MB, max_file_store: 512MB }`,
    '',
  ];
  return {
    name: 'nats',
    command: ['nats-server', '--config', 'nats.conf'],
    user: null,
    env: {},
    files: { 'nats.conf': settings.join('\n') },
    readyPort: NATS_PORT,
    readyUrl: null,
    stage: 'nats',
  };
}

/** Runs beside nats-server, so it finds it on loopback. */
export function controlProgram(mesh: string, towpath: TowpathCommand): OwnProgram {
  return {
    name: 'control',
    command: [...towpath, 'control', '--ca-dir', 'ca'],
    user: null,
    env: clientEnvironment(mesh, null),
    files: {},
    readyPort: CONTROL_PORT,
    readyUrl: `http://127.0.0.1:${CONTROL_PORT}/readyz`,
    stage: 'control',
  };
}

/** An agent with the settings of the topology under those that only the lab can know. */
export function agentProgram(
  mesh: string,
  host: HostPlan,
  agent: AgentTopology,
  control: HostPlan | null,
  towpath: TowpathCommand,
): OwnProgram {
  const standalone = agent.standalone === null ? [] : ['--standalone', ...agent.standalone];
  return {
    name: 'agent',
    command: [...towpath, 'agent', '--config', 'agent.yaml', ...standalone],
    user: null,
    env: {},
    files: { 'agent.yaml': formatYaml(agentSettings(mesh, host, agent, control)) },
    readyPort: METRICS_PORT,
    readyUrl: `http://127.0.0.1:${METRICS_PORT}/readyz`,
    stage: 'agent',
  };
}

/** The content of the generated agent file. */
export function agentSettings(
  mesh: string,
  host: HostPlan,
  agent: AgentTopology,
  control: HostPlan | null,
): Readonly<Record<string, unknown>> {
  return {
    stateDirectory: `${host.folder}/agent/state`,
    ...(control === null || agent.standalone !== null ? {} : { nats: { servers: [natsUrl(host, control)] } }),
    ...agent.config,
    mesh,
    host: host.name,
  };
}

/** Where `host` reaches nats-server: by a family that both have. */
function natsUrl(host: HostPlan, control: HostPlan): string {
  if (host.name === control.name) return `nats://127.0.0.1:${NATS_PORT}`;
  if (host.ipv4 !== null && control.ipv4 !== null) return `nats://${control.ipv4.address}:${NATS_PORT}`;
  return `nats://[${control.ipv6?.address ?? '::1'}]:${NATS_PORT}`;
}

/** What the command line needs on `host` to reach the mesh; null = the control host itself. */
export function clientEnvironment(
  mesh: string,
  reach: { readonly host: HostPlan; readonly control: HostPlan } | null,
): Record<string, string> {
  const url = reach === null ? `nats://127.0.0.1:${NATS_PORT}` : natsUrl(reach.host, reach.control);
  return { TOWPATH_MESH: mesh, TOWPATH_NATS_SERVERS: url };
}
