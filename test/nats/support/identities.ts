/** An agent's link and the keeper of its identities, on a real server, without data threads: sets are kept instead. */
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IdentityKeeper } from '../../../src/agent/identity/identity-keeper.ts';
import type { IdentitySet } from '../../../src/contract/identity.ts';
import { createLogger } from '../../../src/telemetry/logger.ts';
import { startAgent, type TestAgent } from './mesh.ts';

export interface IdentityAgent {
  readonly host: string;
  readonly agent: TestAgent;
  readonly keeper: IdentityKeeper;
  /** In force now; null: none yet. */
  current: IdentitySet | null;
  /** How often a set was put in force. */
  changes: number;
  readonly directory: string;
  stop(): Promise<void>;
}

const level = process.env['TOWPATH_TEST_LOG'] === undefined ? 'silent' : 'debug';

/** @param onChange called after each set that is put in force */
export async function startIdentityAgent(
  url: string,
  host: string,
  accounts: readonly string[],
  onChange: () => void = () => {},
  directory?: string,
): Promise<IdentityAgent> {
  const stateDirectory = directory ?? (await mkdtemp(join(tmpdir(), 'towpath-identity-')));
  const agent = startAgent(url, host);
  const keeper = new IdentityKeeper({
    stateDirectory,
    mesh: 'default',
    wanted: accounts.map((account) => ({ namespace: 'shop', account })),
    assignments: () => [],
    apply: async (set) => {
      result.current = set;
      result.changes++;
      onChange();
    },
    changed: () => {},
    nowMs: Date.now,
    random: Math.random,
    logger: createLogger({ name: `identity-${host}`, level }),
  });
  const stop = async (): Promise<void> => {
    keeper.stop();
    await agent.link.stop();
  };
  const result: IdentityAgent = { host, agent, keeper, current: null, changes: 0, directory: stateDirectory, stop };
  await keeper.load();
  agent.link.followIdentities(keeper);
  return result;
}
