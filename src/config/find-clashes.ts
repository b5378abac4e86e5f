/** What no single field can see: values that exclude each other. */
import type { Problem } from '../core/errors.ts';
import type { AgentConfig } from './agent-config.ts';

const CLASH = 'TWP2002';

/** Ports given twice, workloads given twice. Paths are relative to the file. */
export function findClashes(config: AgentConfig): Problem[] {
  return [...clashingPorts(config), ...clashingWorkloads(config)];
}

function clashingPorts(config: AgentConfig): Problem[] {
  const problems: Problem[] = [];
  const users = new Map<number, string>();
  const ports = Object.entries(config.ports).map(([name, port]): [string, number | null] => [`ports.${name}`, port]);
  const dns: [string, number | null] = ['dns.port', config.dns.capture ? config.dns.port : null];
  for (const [path, port] of [...ports, dns]) {
    if (port === null) continue;
    const user = users.get(port);
    if (user === undefined) users.set(port, path);
    else problems.push({ code: CLASH, path, message: `port ${port} is already used by ${user}` });
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
