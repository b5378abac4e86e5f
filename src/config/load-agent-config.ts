/** Reads the agent file and decodes it; the only file access of this folder. */
import { readFile, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { type Problem, UserError } from '../core/errors.ts';
import type { AgentConfig } from './agent-config.ts';
import type { Environment } from './environment.ts';
import { parseAgentConfig } from './parse-agent-config.ts';

/** Above the parser's own limit, so that a huge file is refused before it is read. */
const MAX_FILE_BYTES = 2 * 1024 * 1024;

/**
 * The settings of this host. `file` is null when there is none (standalone): defaults and environment then decide.
 * @throws UserError with every problem of the file and the environment.
 */
export async function loadAgentConfig(file: string | null, env: Environment): Promise<AgentConfig> {
  const source = file === null ? null : { name: file, text: await readConfigFile(file) };
  const config = parseAgentConfig(source, env, hostname());
  if (!config.ok) throw new UserError(config.error);
  return config.value;
}

async function readConfigFile(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size > MAX_FILE_BYTES) throw new UserError(unreadable(file, 'it is larger than 2 MiB'));
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof UserError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT') throw new UserError(unreadable(file, 'there is no such file'));
    throw new UserError(unreadable(file, (error as Error).message));
  }
}

function unreadable(file: string, reason: string): Problem {
  return {
    code: 'TWP2001',
    message: `cannot read the agent file ${file}: ${reason}`,
    hint: 'name it with --config FILE; examples/agent.yaml is one to start from',
  };
}
