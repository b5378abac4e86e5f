/** `towpath agent` in the foreground: settings, signals, and the sentences before the log begins. */
import { existsSync } from 'node:fs';
import { checkPlatform, readPlatform, switchGroup } from '../agent/host/check-platform.ts';
import type { RunningAgent } from '../agent/start-agent.ts';
import type { AgentConfig } from '../config/agent-config.ts';
import { suspectVariables } from '../config/environment.ts';
import { loadAgentConfig } from '../config/load-agent-config.ts';
import { packageVersion } from '../config/package-version.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import type { CommandIo } from './command.ts';
import { confineAgent } from './confine-agent.ts';
import { parseWords, wrongUsage } from './parse-words.ts';

const DEFAULT_CONFIG = '/etc/towpath/agent.yaml';
const OPTIONS = {
  config: { type: 'string' },
  standalone: { type: 'boolean', default: false },
  'no-intercept': { type: 'boolean', default: false },
} as const;

export async function runAgent(args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseWords('agent', args, OPTIONS, Number.POSITIVE_INFINITY);
  const standalone = values.standalone ? positionals : null;
  if (standalone === null && positionals.length > 0) throw strayWord(positionals[0] ?? '');
  if (standalone?.length === 0) throw wrongUsage('agent', '--standalone needs at least one file or directory');
  const config = await readSettings(values.config, standalone !== null, values['no-intercept'], io);
  checkPlatform(readPlatform(), config.interception.enabled);
  const files = [values.config ?? io.env['TOWPATH_CONFIG'] ?? DEFAULT_CONFIG, ...positionals];
  const excess = confineAgent(config, files, io.env);
  switchGroup(config.interception.gid);

  const logger = createLogger({ name: 'agent', level: config.log.level });
  for (const { path, message } of suspectVariables(io.env)) logger.warn(`${path}: ${message}`);
  if (excess !== null) logger.warn({ reason: excess }, 'the agent keeps capabilities that it does not need');
  const options = { config, standalone, version: packageVersion(), notifySocket: io.env['NOTIFY_SOCKET'] };
  const signals = listenForSignals();
  // Loaded only now: on a Node without node:ffi the import itself fails, and the platform's sentence comes first.
  const { startAgent } = await import('../agent/start-agent.ts');
  const agent = await startAgent(options, logger);
  if (!config.interception.enabled) io.err(explainNoIntercept(config));
  return watch(agent, signals, logger);
}

async function readSettings(
  file: string | undefined,
  isStandalone: boolean,
  noIntercept: boolean,
  io: CommandIo,
): Promise<AgentConfig> {
  const named = file ?? io.env['TOWPATH_CONFIG'];
  const path = named ?? (isStandalone && !existsSync(DEFAULT_CONFIG) ? null : DEFAULT_CONFIG);
  const config = await loadAgentConfig(path, io.env);
  return noIntercept ? { ...config, interception: { ...config.interception, enabled: false } } : config;
}

interface Signals {
  /** Called for each signal from now on, and at once for one that came before. */
  onSignal(handle: (name: string) => void): void;
}

/** From the first moment: a signal during the start must not end the process with rules half in place. */
function listenForSignals(): Signals {
  const early: string[] = [];
  let handle = (name: string): void => void early.push(name);
  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(name, () => handle(name));
  return {
    onSignal: (wanted) => {
      handle = wanted;
      for (const name of early) wanted(name);
    },
  };
}

/** Runs until the agent has ended. A defect in the main thread ends it in good order too: the rules are removed. */
async function watch(agent: RunningAgent, signals: Signals, logger: Logger): Promise<number> {
  let crashed = false;
  const crash = (error: unknown): void => {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    logger.error({ reason: message, stack }, 'a defect of Towpath stops the agent');
    if (!crashed) agent.stop('a defect');
    crashed = true;
  };
  process.on('uncaughtException', crash);
  signals.onSignal((name) => agent.stop(name));
  const status = await agent.ended;
  return crashed ? 1 : status;
}

function strayWord(word: string): Error {
  return wrongUsage('agent', `"${word}" is no verb of towpath agent; resource files need --standalone`);
}

function explainNoIntercept({ ports, interception }: AgentConfig): string {
  return `the agent runs without interception rules: no traffic reaches it yet.
To send it the connections of local programs:   sudo towpath intercept apply --failure closed --confirm 60s
or one destination of your own:
  iptables -t nat -A OUTPUT -p tcp -d ADDRESS -m owner ! --gid-owner ${interception.gid} -j REDIRECT --to-ports ${ports.outbound}
`;
}
