/** The operator's words about interception as the settings of `src/intercept`. Pure. */
import type { AgentConfig } from '../config/agent-config.ts';
import { programListeners } from '../config/program-listeners.ts';
import type { InterceptionSettings } from '../intercept/index.ts';

/** The agent's own admin and metrics ports are never captured: they must answer when the data thread does not. */
export function interceptionSettings(config: AgentConfig, ipv6: boolean): InterceptionSettings {
  const { interception, ports, dns } = config;
  const own = [ports.admin, ports.metrics].map((port) => ({ from: port, to: port }));
  const { outbound } = interception;
  // Loopback is captured on request only; the explicit listener is there to be called.
  const called = outbound.includeCidrs.some(isLoopback) && ports.explicit !== null ? [ports.explicit] : [];
  const explicit = called.map((port) => ({ from: port, to: port }));
  return {
    outboundPort: ports.outbound,
    inboundPort: ports.inbound,
    dnsPort: dns.capture ? dns.port : null,
    gid: interception.gid,
    failure: interception.failure,
    virtualIpRanges: interception.virtualIpRanges,
    outbound: { ...outbound, excludePorts: [...outbound.excludePorts, ...explicit] },
    programs: programListeners(config).map(({ port, uids, gids }) => ({ port, uids, gids })),
    inbound: { ...interception.inbound, excludePorts: [...interception.inbound.excludePorts, ...own] },
    ipv6,
  };
}

function isLoopback(cidr: string): boolean {
  return cidr.startsWith('127.') || cidr.startsWith('::1');
}
