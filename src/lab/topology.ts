/** A lab's topology file: what a person writes, strictly decoded. docs/lab.md explains every field. */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { type Problem, UserError } from '../core/errors.ts';
import { err, ok, type Result } from '../core/result.ts';
import { problemsOf, z } from '../core/schema.ts';
import { parseYamlDocuments } from '../core/yaml.ts';
import { parseSubnet } from './subnet.ts';

/** A DNS label: it becomes part of namespace names, folder names and /etc/hosts lines. */
const label = z
  .string()
  .max(30)
  .regex(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, 'must be lower-case letters, digits and "-", such as "orders-v1"');
const fileName = z
  .string()
  .max(100)
  .regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]*$/, 'must be a plain file name without "/"');
const port = z.int().min(1).max(65535);
const subnet = z
  .string()
  .refine((text) => parseSubnet(text) !== null, 'must be a network such as "10.77.0.0/24" or "fd77::/64"');

const programSchema = z.strictObject({
  name: label,
  command: z.array(z.string()).min(1),
  user: z.string().nullable().default(null),
  env: z.record(z.string(), z.string()).default({}),
  files: z.record(fileName, z.string()).default({}),
  ready: z.strictObject({ port }).nullable().default(null),
});

const agentSchema = z.strictObject({
  config: z.record(z.string(), z.unknown()).default({}),
  standalone: z.array(z.string()).min(1).nullable().default(null),
});

const hostSchema = z.strictObject({
  families: z
    .array(z.enum(['ipv4', 'ipv6']))
    .min(1)
    .nullable()
    .default(null),
  agent: agentSchema.nullable().default(null),
  programs: z.array(programSchema).default([]),
});

const topologySchema = z.strictObject({
  mesh: label.default('default'),
  network: z
    .strictObject({ ipv4: subnet.nullable().default(null), ipv6: subnet.nullable().default(null) })
    .default({ ipv4: '10.77.0.0/24', ipv6: 'fd77::/64' }),
  control: label.nullable().default(null),
  secured: z.boolean().default(false),
  controlOptions: z.array(z.string().max(1000)).max(32).default([]),
  resources: z.array(z.string()).default([]),
  hosts: z.record(label, hostSchema),
});

export type Topology = z.output<typeof topologySchema>;
export type HostTopology = Topology['hosts'][string];
export type ProgramTopology = HostTopology['programs'][number];
export type IpFamily = 'ipv4' | 'ipv6';

/** Names of the programs that the lab adds itself. */
export const OWN_PROGRAMS = ['nats', 'control', 'agent'] as const;
/** Address .1 is left free for a gateway that never comes; the rest of a /24 minus the broadcast address. */
const MAX_HOSTS = 200;
const PROBLEM = 'TWP1201';

/** Decodes a topology value; `source` prefixes every field path. All problems are reported at once. */
export function decodeTopology(value: unknown, source: string): Result<Topology, Problem[]> {
  const parsed = topologySchema.safeParse(value);
  if (!parsed.success) return err(problemsOf(parsed.error, source));
  const problems = crossCheck(parsed.data).map((p) => ({ ...p, path: `${source}: ${p.path}` }));
  return problems.length > 0 ? err(problems) : ok(parsed.data);
}

/** What the schema cannot say: references between fields. */
function crossCheck(topology: Topology): { code: string; path: string; message: string }[] {
  const problems: { code: string; path: string; message: string }[] = [];
  const add = (path: string, message: string): void => {
    problems.push({ code: PROBLEM, path, message });
  };
  const hosts = Object.keys(topology.hosts);
  const { control, network } = topology;
  if (hosts.length === 0 || hosts.length > MAX_HOSTS) add('hosts', `must have 1 to ${MAX_HOSTS} entries`);
  if (network.ipv4 === null && network.ipv6 === null) add('network', 'needs "ipv4" or "ipv6" or both');
  if (network.ipv4 !== null && parseSubnet(network.ipv4)?.family !== 4) add('network.ipv4', 'is not an IPv4 network');
  if (network.ipv6 !== null && parseSubnet(network.ipv6)?.family !== 6) add('network.ipv6', 'is not an IPv6 network');
  if (control !== null && !hosts.includes(control)) {
    add('control', `names the host "${control}", which is not among hosts (${hosts.join(', ')})`);
  }
  if (topology.secured && control === null) add('secured', 'needs a control host');
  if (topology.controlOptions.length > 0 && control === null) add('controlOptions', 'needs a control host');
  if (topology.resources.length > 0 && control === null) add('resources', 'needs a control host to be applied by');
  for (const [name, host] of Object.entries(topology.hosts)) checkHost(name, host, topology, add);
  return problems;
}

function checkHost(
  name: string,
  host: HostTopology,
  topology: Topology,
  add: (path: string, message: string) => void,
): void {
  for (const family of host.families ?? []) {
    if (topology.network[family] === null)
      add(`hosts.${name}.families`, `has ${family}, which the network does not have`);
  }
  const alone = host.agent !== null && (host.agent.standalone !== null || host.agent.config['nats'] !== undefined);
  if (host.agent !== null && !alone && topology.control === null) {
    add(`hosts.${name}.agent`, 'needs a control host, "config.nats", or "standalone" with resource files');
  }
  const seen = new Set<string>(OWN_PROGRAMS);
  for (const [i, program] of host.programs.entries()) {
    if (seen.has(program.name)) {
      add(
        `hosts.${name}.programs[${i}].name`,
        `"${program.name}" is taken (nats, control and agent belong to the lab)`,
      );
    }
    seen.add(program.name);
  }
}

/**
 * Reads and decodes a topology file. File names inside it (resources, standalone) become absolute, seen from its folder.
 * @throws UserError naming the file, the field and what is wrong.
 */
export async function readTopology(file: string): Promise<Topology> {
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new UserError({ code: PROBLEM, message: `cannot read the topology file: ${error.message}` });
  });
  const documents = parseYamlDocuments(text);
  if (!documents.ok) throw new UserError(documents.error.map((p) => ({ ...p, path: `${file}: ${p.path ?? ''}` })));
  if (documents.value.length !== 1) {
    throw new UserError({ code: PROBLEM, path: file, message: 'must hold exactly one YAML document' });
  }
  const topology = decodeTopology(documents.value[0], file);
  if (!topology.ok) throw new UserError(topology.error);
  return resolveFiles(topology.value, dirname(resolve(file)));
}

function resolveFiles(topology: Topology, folder: string): Topology {
  const absolute = (file: string): string => resolve(folder, file);
  const hosts = Object.entries(topology.hosts).map(([name, host]): [string, HostTopology] => {
    if (host.agent === null || host.agent.standalone === null) return [name, host];
    return [name, { ...host, agent: { ...host.agent, standalone: host.agent.standalone.map(absolute) } }];
  });
  return { ...topology, resources: topology.resources.map(absolute), hosts: Object.fromEntries(hosts) };
}
