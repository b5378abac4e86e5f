/** What no single field can see: values that exclude each other. */
import type { Problem } from '../core/errors.ts';
import type { AgentConfig } from './agent-config.ts';
import { programListeners } from './program-listeners.ts';

const CLASH = 'TWP2002';

/** Ports given twice, workloads given twice. Paths are relative to the file. */
export function findClashes(config: AgentConfig): Problem[] {
  return [...clashingPorts(config), ...clashingWorkloads(config), ...clashingPrograms(config)];
}

/** A program is one workload when it calls: the kernel would take the first that names it. */
function clashingPrograms(config: AgentConfig): Problem[] {
  const problems: Problem[] = [];
  for (const kind of ['uids', 'gids'] as const) {
    const owners = new Map<number, string>();
    config.workloads.forEach(({ namespace, serviceAccount, programs }, i) => {
      const account = `${namespace}/${serviceAccount}`;
      programs[kind].forEach((id, at) => {
        const owner = owners.get(id);
        if (owner === undefined) owners.set(id, account);
        else if (owner !== account) {
          const path = `workloads[${i}].programs.${kind}[${at}]`;
          problems.push({ code: CLASH, path, message: `${id} is already that of the account ${owner}` });
        }
      });
    });
  }
  return problems;
}

function clashingPorts(config: AgentConfig): Problem[] {
  const problems: Problem[] = [];
  const users = new Map<number, string>();
  const { programs, ...single } = config.ports;
  const ports = Object.entries(single).map(([name, port]): [string, number | null] => [`ports.${name}`, port]);
  const ofPrograms = programListeners(config).map(({ port }): [string, number] => ['ports.programs', port]);
  const dns: [string, number | null] = ['dns.port', config.dns.capture ? config.dns.port : null];
  for (const [path, port] of [...ports, dns, ...ofPrograms]) {
    if (port === null) continue;
    const user = users.get(port);
    if (user === undefined) users.set(port, path);
    else problems.push({ code: CLASH, path, message: `port ${port} is already used by ${user}` });
    if (port > 65_535)
      problems.push({ code: CLASH, path, message: `${programs} leaves no room for a port of each account` });
  }
  config.workloads.forEach((workload, i) => {
    for (const { name, port } of workload.ports) {
      const user = users.get(port);
      if (user === undefined) continue;
      const path = `workloads[${i}].ports.${name}`;
      problems.push({ code: CLASH, path, message: `port ${port} is the agent's own (${user})` });
    }
  });
  return problems;
}

function clashingWorkloads(config: AgentConfig): Problem[] {
  const seen = new Map<string, number>();
  return config.workloads.flatMap((workload, i): Problem[] => {
    const key = `${workload.namespace}/${workload.name}`;
    const first = seen.get(key);
    if (first === undefined) {
      seen.set(key, i);
      return [];
    }
    return [
      { code: CLASH, path: `workloads[${i}].name`, message: `"${key}" is already the name of workloads[${first}]` },
    ];
  });
}
