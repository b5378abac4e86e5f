/** The programs that the lab adds itself: nats-server, `towpath control` and `towpath agent`, with generated settings. Pure. */
import { join } from 'node:path';
import { CREDENTIALS_FILE } from '../agent/join/write-member.ts';
import { layoutOf } from '../control/secure/layout.ts';
import { formatYaml } from '../core/yaml.ts';
import type { HostPlan, ProgramPlan, TowpathCommand } from './lab-plan.ts';
import type { HostTopology, Topology } from './topology.ts';

/** A program without the places that depend on its host. */
type OwnProgram = Omit<ProgramPlan, 'folder' | 'log'>;
type AgentTopology = NonNullable<HostTopology['agent']>;

export const NATS_PORT = 4222;
export const CONTROL_PORT = 15010;
export const METRICS_PORT = 15020;

/** A host, and where it finds the mesh. */
export interface LabPlace {
  readonly host: HostPlan;
  readonly control: HostPlan | null;
  /** The folder of a secured mesh; null: it is open. */
  readonly secured: string | null;
}

/** `folder` is where JetStream keeps its files. */
export function natsProgram(folder: string, secured: string | null): OwnProgram {
  const settings = [
    'host: "::"',
    `port: ${NATS_PORT}`,
    `jetstream { store_dir: ${JSON.stringify(`${folder}/jetstream`)}, max_memory_store: 64MB, max_file_store: 512MB }`,
    '',
  ];
  return {
    name: 'nats',
    command: ['nats-server', '--config', secured === null ? 'nats.conf' : layoutOf(secured).natsConfig],
    user: null,
    env: {},
    files: { 'nats.conf': settings.join('\n') },
    readyPort: NATS_PORT,
    readyUrl: null,
    stage: 'nats',
  };
}

/** Runs beside nats-server, so it finds it on loopback. */
export function controlProgram(
  { mesh, controlOptions }: Pick<Topology, 'mesh' | 'controlOptions'>,
  towpath: TowpathCommand,
  secured: string | null,
): OwnProgram {
  const keys = secured === null ? [] : ['--dir', layoutOf(secured).control];
  return {
    name: 'control',
    command: [...towpath, 'control', '--ca-dir', 'ca', ...keys, ...controlOptions],
    user: null,
    env: secured === null ? clientEnvironment(mesh, null, null) : {},
    files: {},
    readyPort: CONTROL_PORT,
    readyUrl: `http://127.0.0.1:${CONTROL_PORT}/readyz`,
    stage: 'control',
  };
}

/** An agent with the settings of the topology under those that only the lab can know. */
export function agentProgram(mesh: string, place: LabPlace, agent: AgentTopology, towpath: TowpathCommand): OwnProgram {
  const standalone = agent.standalone === null ? [] : ['--standalone', ...agent.standalone];
  return {
    name: 'agent',
    command: [...towpath, 'agent', '--config', 'agent.yaml', ...standalone],
    user: null,
    env: {},
    files: { 'agent.yaml': formatYaml(agentSettings(mesh, place, agent)) },
    readyPort: METRICS_PORT,
    readyUrl: `http://127.0.0.1:${METRICS_PORT}/readyz`,
    stage: 'agent',
  };
}

/** The content of the generated agent file. */
export function agentSettings(
  mesh: string,
  { host, control, secured }: LabPlace,
  agent: AgentTopology,
): Readonly<Record<string, unknown>> {
  const stateDirectory = stateOf(host);
  return {
    stateDirectory,
    ...(control === null || agent.standalone !== null ? {} : { nats: natsSettings(host, control, secured) }),
    ...agent.config,
    mesh,
    host: host.name,
  };
}

/** The state folder of the host's agent. */
export function stateOf(host: HostPlan): string {
  return `${host.folder}/agent/state`;
}

function natsSettings(host: HostPlan, control: HostPlan, secured: string | null): object {
  const servers = [natsUrl(host, control, secured)];
  if (secured === null) return { servers, allowOpen: true };
  return { servers, credentialsFile: join(stateOf(host), CREDENTIALS_FILE), caFile: layoutOf(secured).ca };
}

/** Where `host` reaches nats-server: by a family that both have. */
function natsUrl(host: HostPlan, control: HostPlan, secured: string | null): string {
  const scheme = secured === null ? 'nats' : 'tls';
  if (host.name === control.name) return `${scheme}://127.0.0.1:${NATS_PORT}`;
  if (host.ipv4 !== null && control.ipv4 !== null) return `${scheme}://${control.ipv4.address}:${NATS_PORT}`;
  return `${scheme}://[${control.ipv6?.address ?? '::1'}]:${NATS_PORT}`;
}

/** What the command line needs on `host` to reach the mesh; `reach` null = the control host itself. In a secured mesh: as an operator. */
export function clientEnvironment(
  mesh: string,
  reach: { readonly host: HostPlan; readonly control: HostPlan } | null,
  secured: string | null,
): Record<string, string> {
  const local = `${secured === null ? 'nats' : 'tls'}://127.0.0.1:${NATS_PORT}`;
  const url = reach === null ? local : natsUrl(reach.host, reach.control, secured);
  const common = { TOWPATH_MESH: mesh, TOWPATH_NATS_SERVERS: url };
  if (secured === null) return { ...common, TOWPATH_NATS_ALLOW_OPEN: 'true' };
  const { adminCredentials, ca } = layoutOf(secured);
  return { ...common, TOWPATH_NATS_CREDENTIALS_FILE: adminCredentials, TOWPATH_NATS_CA_FILE: ca };
}
