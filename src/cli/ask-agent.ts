/** `towpath agent status|dump|loglevel|drain`: asks the running agent on its loopback admin port. */
import { setTimeout as sleep } from 'node:timers/promises';
import { UserError } from '../core/errors.ts';
import { z } from '../core/schema.ts';
import type { CommandIo } from './command.ts';
import { formatAgentStatus, statusSchema } from './format-agent-status.ts';
import { formatJson } from './output.ts';
import { parseWords, wrongUsage } from './parse-words.ts';

export const AGENT_VERBS = ['status', 'dump', 'loglevel', 'drain'] as const;
type Verb = (typeof AGENT_VERBS)[number];

const DEFAULT_ADMIN_PORT = 15000;
const ANSWER_MS = 10_000;
/** Longer than the longest drain that may be configured would be silly; this is for the usual 10 s. */
const DRAIN_WAIT_MS = 60_000;
const DRAIN_LOOK_MS = 200;

const OPTIONS = {
  output: { type: 'string', short: 'o' },
  'admin-port': { type: 'string' },
} as const;

export async function askAgent(verb: Verb, args: readonly string[], io: CommandIo): Promise<number> {
  const { values, positionals } = parseWords(`agent ${verb}`, args, OPTIONS, verb === 'loglevel' ? 1 : 0);
  const port = adminPort(values['admin-port'], io);
  switch (verb) {
    case 'status':
      return showStatus(port, values.output === 'json', io);
    case 'dump':
      io.out(formatJson(await ask(port, 'GET', '/dump')));
      return 0;
    case 'loglevel':
      return logLevel(port, positionals[0], io);
    case 'drain':
      return drain(port, io);
  }
}

/** One question to the admin port of this host's agent. Throws UserError when no agent answers, or it refuses. */
export function askAdmin(path: string, port: string | undefined, io: CommandIo): Promise<unknown> {
  return ask(adminPort(port, io), 'GET', path);
}

function adminPort(option: string | undefined, io: CommandIo): number {
  return parsePort(option ?? io.env['TOWPATH_ADMIN_PORT'] ?? String(DEFAULT_ADMIN_PORT));
}

async function showStatus(port: number, json: boolean, io: CommandIo): Promise<number> {
  const answer = await ask(port, 'GET', '/status');
  const status = statusSchema.safeParse(answer);
  if (!status.success) throw foreignAnswer(port);
  io.out(json ? formatJson(answer) : formatAgentStatus(status.data, io));
  return status.data.problems.length === 0 ? 0 : 1;
}

async function logLevel(port: number, level: string | undefined, io: CommandIo): Promise<number> {
  const path = level === undefined ? '/loglevel' : `/loglevel?level=${encodeURIComponent(level)}`;
  const answer = z.object({ level: z.string() }).safeParse(await ask(port, level === undefined ? 'GET' : 'POST', path));
  if (!answer.success) throw foreignAnswer(port);
  io.out(`${answer.data.level}\n`);
  return 0;
}

/** Waits until the admin port is gone, which is the last thing that the agent gives up. */
async function drain(port: number, io: CommandIo): Promise<number> {
  await ask(port, 'POST', '/drain');
  io.err('the agent is draining\n');
  const deadline = Date.now() + DRAIN_WAIT_MS;
  while (Date.now() < deadline) {
    await sleep(DRAIN_LOOK_MS);
    if (!(await isListening(port))) {
      io.out('the agent has ended\n');
      return 0;
    }
  }
  throw new UserError({ code: 'TWP2604', message: `the agent still drains after ${DRAIN_WAIT_MS / 1000} s` });
}

async function isListening(port: number): Promise<boolean> {
  try {
    await ask(port, 'GET', '/loglevel');
    return true;
  } catch {
    return false;
  }
}

/** @throws UserError when no agent answers, or it refuses. */
async function ask(port: number, method: 'GET' | 'POST', path: string): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    signal: AbortSignal.timeout(ANSWER_MS),
  }).catch(() => {
    throw new UserError({
      code: 'TWP2603',
      message: `no agent answers on 127.0.0.1 port ${port}`,
      hint: 'is it running here? its port is ports.admin of the agent file; name it with --admin-port',
    });
  });
  const text = await response.text();
  if (!response.ok) throw new UserError({ code: 'TWP2603', message: `the agent refuses: ${text.trim()}` });
  try {
    return JSON.parse(text);
  } catch {
    throw foreignAnswer(port);
  }
}

function foreignAnswer(port: number): UserError {
  return new UserError({ code: 'TWP2603', message: `what answers on 127.0.0.1 port ${port} is no Towpath agent` });
}

function parsePort(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1 && port <= 65535) return port;
  throw wrongUsage('agent', `"${text}" is no port`);
}
