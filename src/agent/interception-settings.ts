/** The operator's words about interception as the settings of `src/intercept`. Pure. */
import type { AgentConfig } from '../config/agent-config.ts';
import type { InterceptionSettings } from '../intercept/index.ts';

/** The agent's own admin and metrics ports are never captured: they must answer when the data thread does not. */
export function interceptionSettings(config: AgentConfig, ipv6: boolean): InterceptionSettings {
  const { interception, ports } = config;
  const own = [ports.admin, ports.metrics].map((port) => ({ from: port, to: port }));
  return {
    outboundPort: ports.outbound,
    inboundPort: ports.inbound,
    gid: interception.gid,
    failure: interception.failure,
    virtualIpRanges: interception.virtualIpRanges,
    outbound: interception.outbound,
    inbound: { ...interception.inbound, excludePorts: [...interception.inbound.excludePorts, ...own] },
    ipv6,
  };
}
