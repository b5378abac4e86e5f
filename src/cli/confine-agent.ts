/** The agent gives up the capabilities that it does not need: this process becomes setpriv, which becomes the agent. */
import { readFileSync } from 'node:fs';
import { findSetpriv, neededCapabilities, planConfinement } from '../agent/host/confine.ts';
import type { AgentConfig } from '../config/agent-config.ts';
import type { Environment } from '../config/environment.ts';

/**
 * Does not return where something is given up. Must come before anything else is begun.
 * @param files that the agent reads, besides those that its settings name
 * @returns why capabilities stay that are not needed; null: none do
 */
export function confineAgent(config: AgentConfig, files: readonly string[], env: Environment): string | null {
  const { ports, dns, interception, nats, stateDirectory } = config;
  const { outbound, inbound, explicit, admin, metrics } = ports;
  const wants = {
    intercepts: interception.enabled,
    ports: [outbound, inbound, explicit ?? outbound, admin, metrics, dns.capture ? dns.port : outbound],
    reads: [
      ...files,
      ...(nats.credentialsFile === null ? [] : [nats.credentialsFile]),
      process.execPath,
      ...process.argv.slice(1, 2),
    ],
    stateDirectory,
  };
  const plan = planConfinement(readFileSync('/proc/self/status', 'utf8'), neededCapabilities(wants), interception.gid);
  if (plan.type === 'confined') return null;
  if (plan.type === 'impossible') return plan.reason;
  const setpriv = findSetpriv(env['PATH'] ?? '');
  if (setpriv === null) return 'setpriv of util-linux is not installed';
  const self = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  process.execve?.(setpriv, [setpriv, ...plan.options, ...self]);
  return 'this Node has no process.execve';
}
