/** The whole lab, decided before anything is touched. Pure. */
import type { HostAddress, HostPlan, LabPlan, ProgramPlan, TowpathCommand } from './lab-plan.ts';
import { agentProgram, controlProgram, type LabPlace, natsProgram } from './own-programs.ts';
import { addressAt, parseSubnet } from './subnet.ts';
import { type HostTopology, type IpFamily, OWN_PROGRAMS, type Topology } from './topology.ts';

/** Decides everything about a lab called `name` whose state lives in `folder`. */
export function planLab(topology: Topology, name: string, folder: string, towpath: TowpathCommand): LabPlan {
  const bare = Object.entries(topology.hosts).map(([hostName, host], i) =>
    planHost(topology, name, folder, hostName, host, i),
  );
  const control = bare.find((host) => host.name === topology.control) ?? null;
  const hosts = bare.map((host): HostPlan => {
    const written = topology.hosts[host.name];
    return written === undefined
      ? host
      : {
          ...host,
          programs: planPrograms(
            topology,
            { host, control, secured: topology.secured ? securedFolder(folder) : null },
            written,
            towpath,
          ),
        };
  });
  return {
    name,
    mesh: topology.mesh,
    bridgeNamespace: namespacePrefix(name).slice(0, -1),
    folder,
    control: control?.name ?? null,
    securedFolder: topology.secured ? securedFolder(folder) : null,
    resources: topology.resources,
    hosts,
  };
}

/** Every namespace of the lab called `name` starts with this; lab and host names hold no dot, so no two labs can clash. */
export function namespacePrefix(name: string): string {
  return `towpath.${name}.`;
}

function planHost(
  topology: Topology,
  lab: string,
  folder: string,
  name: string,
  host: HostTopology,
  index: number,
): HostPlan {
  const address = (family: IpFamily): HostAddress | null => {
    const text = topology.network[family];
    const subnet = text === null ? null : parseSubnet(text);
    if (subnet === null || !(host.families ?? ['ipv4', 'ipv6']).includes(family)) return null;
    return { address: addressAt(subnet, index + 2), prefix: subnet.prefix };
  };
  return {
    name,
    namespace: `${namespacePrefix(lab)}${name}`,
    bridgePort: `p${index}`,
    ipv4: address('ipv4'),
    ipv6: address('ipv6'),
    folder: `${folder}/hosts/${name}`,
    programs: [],
  };
}

function securedFolder(folder: string): string {
  return `${folder}/secured`;
}

function planPrograms(
  topology: Topology,
  place: LabPlace,
  written: HostTopology,
  towpath: TowpathCommand,
): ProgramPlan[] {
  const { host, control, secured } = place;
  const at = (name: string): { folder: string; log: string } => ({
    folder: `${host.folder}/${name}`,
    log: `${host.folder}/${name}.log`,
  });
  const [nats, controlName, agent] = OWN_PROGRAMS;
  const programs: ProgramPlan[] = [];
  if (host.name === control?.name) {
    programs.push({ ...at(nats), ...natsProgram(at(nats).folder, secured) });
    programs.push({ ...at(controlName), ...controlProgram(topology, towpath, secured) });
  }
  for (const { ready, ...program } of written.programs) {
    programs.push({
      ...at(program.name),
      ...program,
      readyPort: ready?.port ?? null,
      readyUrl: null,
      stage: 'program',
    });
  }
  if (written.agent !== null) {
    programs.push({ ...at(agent), ...agentProgram(topology.mesh, place, written.agent, towpath) });
  }
  return programs;
}
