/** The keeper of this host's identities, built from the agent's parts. */
import { MAX_IDENTITIES } from '../../contract/certificate-messages.ts';
import { UserError } from '../../core/errors.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { AgentOptions } from '../agent-options.ts';
import type { DataThreads } from '../data-threads.ts';
import { IdentityKeeper } from './identity-keeper.ts';
import type { IdentityStatus } from './identity-status.ts';
import { identityAssignments, wantedIdentities } from './wanted-identities.ts';

/**
 * Null without control, and where the host takes no part in mutual TLS. What an earlier run has left on disk is in force when it resolves.
 * @param changed the identities that workloads can prove are others now
 * @throws UserError for more identities than a host may have
 */
export async function loadIdentityKeeper(
  { config, standalone }: Pick<AgentOptions, 'config' | 'standalone'>,
  threads: Pick<DataThreads, 'post'>,
  changed: () => void,
  logger: Logger,
  undo: AsyncDisposableStack,
): Promise<IdentityKeeper | null> {
  if (standalone !== null || !config.mutualTls) return null;
  const wanted = wantedIdentities(config);
  if (wanted.length > MAX_IDENTITIES) {
    const message = `the workloads have ${wanted.length} different accounts; a host may have ${MAX_IDENTITIES}`;
    throw new UserError({ code: 'TWP2805', path: 'workloads', message });
  }
  const keeper = new IdentityKeeper({
    stateDirectory: config.stateDirectory,
    mesh: config.mesh,
    wanted,
    assignments: (trustDomain) => identityAssignments(config, trustDomain),
    apply: (identity) => threads.post({ type: 'identity', identity }),
    changed,
    nowMs: Date.now,
    random: Math.random,
    logger,
  });
  undo.defer(() => keeper.stop());
  await keeper.load();
  return keeper;
}

/** `towpath cert renew` and the NATS command `renew`. Throws with a sentence when control gives none. */
export async function renewCertificates({
  identities,
}: {
  readonly identities: IdentityKeeper | null;
}): Promise<IdentityStatus> {
  if (identities === null)
    throw new UserError({
      code: 'TWP2806',
      message: 'this agent is standalone or has mutualTls: false, so it has no certificates',
    });
  await identities.renew();
  return identities.status();
}
