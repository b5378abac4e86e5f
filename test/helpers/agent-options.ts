/** Options of an agent that runs inside a test: free ports, no rules, and a NATS server that is not there. */
import type { AgentOptions } from '../../src/agent/agent-options.ts';
import { parseAgentConfig } from '../../src/config/parse-agent-config.ts';
import { freePorts } from './free-ports.ts';

/** @param yaml more of the agent file. */
export async function agentOptions(stateDirectory: string, yaml = ''): Promise<AgentOptions> {
  const [outbound, inbound, explicit, admin, metrics, nats] = await freePorts(6);
  const text = `
ports: { outbound: ${outbound}, inbound: ${inbound}, explicit: ${explicit}, admin: ${admin}, metrics: ${metrics} }
metricsAddress: 127.0.0.1
nats: { servers: ["nats://127.0.0.1:${nats}"] }
stateDirectory: ${stateDirectory}
interception: { enabled: false }
drainSeconds: 0.2
${yaml}`;
  const config = parseAgentConfig({ name: 'agent.yaml', text }, {}, 'test-host');
  if (!config.ok) throw new Error(JSON.stringify(config.error));
  return { config: config.value, standalone: null, version: '1.2.3', notifySocket: undefined };
}
