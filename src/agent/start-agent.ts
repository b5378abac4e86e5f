/**
 * The agent's main thread, start to stop.
 *
 * Start: last-known-good views or files -> bind and accept -> views in force -> admin ports -> rules -> follow control.
 * Stop (`stop-agent.ts`): withdraw the workloads -> release rules -> drain -> remove what is left -> end. Rules are the last thing to come, and go
 * before anything that serves, so that the kernel never sends traffic to an agent that cannot serve it.
 */
import type { Logger } from '../telemetry/logger.ts';
import { openAdminPorts } from './admin/open-admin-ports.ts';
import type { AgentOptions } from './agent-options.ts';
import type { AgentParts, Phase } from './agent-parts.ts';
import { buildParts, followGroups, registerWorkloads } from './build-parts.ts';
import { notifySystemd } from './host/notify-systemd.ts';
import { trimMemoryLater } from './host/trim-memory.ts';
import { inboundViews } from './local-workloads.ts';
import { Stopper } from './stop-agent.ts';

export interface RunningAgent {
  /** Resolves with the exit status when the agent has ended, whoever asked for it. */
  readonly ended: Promise<number>;
  /** Begins the stop sequence; asked again, it ends the draining at once. */
  stop(reason: string): void;
}

/** @throws UserError in words, with everything that was begun undone: nothing listens and no rule is left. */
export async function startAgent(options: AgentOptions, logger: Logger): Promise<RunningAgent> {
  await using undo = new AsyncDisposableStack();
  let phase: Phase = 'starting';
  const parts = await buildParts(options, logger, () => phase, undo);
  const stopper = new Stopper(parts, () => {
    phase = 'draining';
  });
  await parts.threads.post({ type: 'inbound', workloads: inboundViews(options.config) });
  const adminPorts = await openAdminPorts(parts, () => stopper.stop('the admin port asked for it'));
  stopper.adminPorts = adminPorts;
  undo.defer(() => adminPorts.close());

  const { keeper } = parts;
  if (keeper !== null) {
    undo.defer(() => keeper.stop());
    await keeper.start();
  }
  parts.stallWatch.start();
  followGroups(parts);
  registerWorkloads(parts);
  parts.source.follow();
  if (parts.identities !== null) parts.source.followIdentities(parts.identities);
  parts.probes.start();

  undo.move();
  // The admin port may have asked to drain already.
  if (phase === 'starting') {
    phase = 'running';
    logger.info(startFields(parts), 'the agent is ready');
    await notifySystemd(options.notifySocket, 'ready', 'serving traffic', logger);
    trimMemoryLater();
  }
  return { ended: stopper.ended, stop: (reason) => stopper.stop(reason) };
}

function startFields({ options, workloads }: AgentParts): Record<string, unknown> {
  const { config, standalone, version } = options;
  const { mesh, host, ports, interception } = config;
  const source = standalone === null ? { control: config.nats.servers.length } : { standalone };
  return { version, mesh, host, ports, interception: interception.enabled, workloads: workloads.length, ...source };
}
