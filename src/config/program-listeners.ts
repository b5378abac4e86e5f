/** Which outbound listener the kernel is to bring which programs to, so that each workload of a shared host calls under its own identity. Pure. */
import type { AgentConfig } from './agent-config.ts';

export interface ProgramListener {
  readonly port: number;
  /** Its identity is `spiffe://<trust-domain>/ns/<namespace>/sa/<account>`. */
  readonly namespace: string;
  readonly account: string;
  /** Programs that run as one of these users, or in one of these primary groups. */
  readonly uids: readonly number[];
  readonly gids: readonly number[];
}

/** One for each account whose workloads name programs, in their order. Who speaks no mutual TLS has no identities to tell apart. */
export function programListeners({
  workloads,
  ports,
  mutualTls,
}: Pick<AgentConfig, 'workloads' | 'mutualTls'> & {
  readonly ports: Pick<AgentConfig['ports'], 'programs'>;
}): readonly ProgramListener[] {
  if (!mutualTls) return [];
  const listeners = new Map<string, ProgramListener>();
  for (const { namespace, serviceAccount: account, programs } of workloads) {
    if (programs.uids.length + programs.gids.length === 0) continue;
    const key = `${namespace}/${account}`;
    const known = listeners.get(key) ?? {
      port: ports.programs + listeners.size,
      namespace,
      account,
      uids: [],
      gids: [],
    };
    const uids = [...new Set([...known.uids, ...programs.uids])];
    listeners.set(key, { ...known, uids, gids: [...new Set([...known.gids, ...programs.gids])] });
  }
  return [...listeners.values()];
}
