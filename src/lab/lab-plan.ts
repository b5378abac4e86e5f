/** A lab as data: namespaces, addresses, folders, programs. plan.ts decides it, the rest of this folder carries it out. */

export interface LabPlan {
  readonly name: string;
  readonly mesh: string;
  /** The bridge lives in a namespace of its own, so that the machine's own network never sees a link of the lab. */
  readonly bridgeNamespace: string;
  readonly folder: string;
  readonly control: string | null;
  /** Where the keys of a secured mesh lie, as `towpath control init` makes them; null: the mesh is open. */
  readonly securedFolder: string | null;
  /** Resource files, applied in this order. */
  readonly resources: readonly string[];
  readonly hosts: readonly HostPlan[];
}

export interface HostPlan {
  readonly name: string;
  readonly namespace: string;
  /** The host's end of the cable is eth0; this is the bridge's end. */
  readonly bridgePort: string;
  readonly ipv4: HostAddress | null;
  readonly ipv6: HostAddress | null;
  /** Where the host's programs run and write: one folder per program. */
  readonly folder: string;
  /** In starting order. */
  readonly programs: readonly ProgramPlan[];
}

export interface HostAddress {
  readonly address: string;
  readonly prefix: number;
}

export interface ProgramPlan {
  readonly name: string;
  readonly command: readonly string[];
  /** Account to run as; null = root. */
  readonly user: string | null;
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly log: string;
  /** File name -> content, written into the folder before the start. */
  readonly files: Readonly<Record<string, string>>;
  /** The program is ready when this TCP port is listened on; null = as soon as it runs. */
  readonly readyPort: number | null;
  /** Asked for by HTTP on the host's loopback after the port is open; 200 means ready. */
  readonly readyUrl: string | null;
  readonly stage: Stage;
}

/** Stages start one after the other; within a stage all programs start together. */
export type Stage = 'nats' | 'control' | 'program' | 'agent';
export const STAGES: readonly Stage[] = ['nats', 'control', 'program', 'agent'];

/** How to start ourselves: the words before a sub-command, such as `node src/cli/main.ts`. */
export type TowpathCommand = readonly string[];

/** The host of that name, or null. */
export function findHost(plan: LabPlan, name: string): HostPlan | null {
  return plan.hosts.find((host) => host.name === name) ?? null;
}
