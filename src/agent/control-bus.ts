import type { Bus } from '../contract/bus-types.ts';
import { openBus } from '../contract/open-bus.ts';
import { hidePassword } from '../core/hide-password.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { ControlLinkSettings } from './control-types.ts';
import { credentialFacts, expiryAdvice } from './join/renew-credentials.ts';

/** The agent's connection to NATS. What is wrong with it is logged; credentials that have expired, with the commands that help. */
export function openControlBus(settings: ControlLinkSettings, logger: Logger): Bus {
  const { servers, credentialsFile, caFile, allowOpen, host, version } = settings;
  const report = async (reason: string): Promise<void> => {
    const facts = credentialsFile === null ? null : await credentialFacts(credentialsFile);
    const advice = facts === null ? null : expiryAdvice(facts, host, Date.now());
    if (advice === null)
      logger.warn({ servers: servers.map(hidePassword), reason }, 'NATS cannot be used; trying again');
    else logger.error({ servers: servers.map(hidePassword), reason }, advice);
  };
  const bus = openBus(
    { servers, name: `agent/${host}/${version}`, inboxId: host, credentialsFile, caFile, allowOpen, reads: 'direct' },
    (reason) => void report(reason),
  );
  bus.onState(() => warnIfOpen(bus, logger));
  return bus;
}

function warnIfOpen(bus: Bus, logger: Logger): void {
  if (!bus.connected || bus.protection !== 'open') return;
  logger.warn('this mesh is OPEN: whoever reaches NATS can change where its traffic goes (docs/join.md)');
}
