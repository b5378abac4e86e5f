/** How commands reach control: the same NATS subjects that the plain `nats` program can use. */
import { randomUUID } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import { packageVersion } from '../config/package-version.ts';
import { type Bus, BusError, type Headers } from '../contract/bus-types.ts';
import { decodeJson, MAX_VIEW_BYTES } from '../contract/decode.ts';
import { AUTHOR_HEADER, failureSchema, REQUEST_ID_HEADER } from '../contract/messages.ts';
import { ERROR_CODE_HEADER, ERROR_TEXT_HEADER } from '../contract/micro.ts';
import { connectOnce } from '../contract/open-bus.ts';
import { DEFAULT_MESH, DEFAULT_NATS_URL, hostIdOf, isToken, type Subjects, subjectsOf } from '../contract/subjects.ts';
import { UserError } from '../core/errors.ts';
import { hidePassword } from '../core/hide-password.ts';
import type { z } from '../core/schema.ts';
import { readClientFile } from './client-file.ts';
import type { CommandIo } from './command.ts';
import { wrongUsage } from './parse-words.ts';

/** Options of every command that talks to control. */
export const CONNECTION_OPTIONS = {
  server: { type: 'string', short: 's' },
  mesh: { type: 'string' },
  creds: { type: 'string' },
  'nats-ca': { type: 'string' },
} as const;

export const CONNECTION_HELP = `  -s, --server URL  NATS server, several separated by commas (TOWPATH_NATS_SERVERS; default ${DEFAULT_NATS_URL})
  --mesh NAME       the mesh (TOWPATH_MESH; default ${DEFAULT_MESH})
  --creds FILE      NATS credentials file (TOWPATH_NATS_CREDENTIALS_FILE)
  --nats-ca FILE    CA of the NATS servers' certificates (TOWPATH_NATS_CA_FILE)
                    without any of these: what /etc/towpath/client.yaml says, if it is there (TOWPATH_CLIENT_FILE)
`;

export interface ConnectionValues {
  readonly server?: string | undefined;
  readonly mesh?: string | undefined;
  readonly creds?: string | undefined;
  readonly 'nats-ca'?: string | undefined;
}

export interface Connection {
  readonly servers: readonly string[];
  readonly mesh: string;
  readonly credentialsFile: string | null;
  readonly caFile: string | null;
  /** A NATS that is not on this host may be open. */
  readonly allowOpen: boolean;
}

const DIAL_MS = 2_000;
const ANSWER_MS = 15_000;
/** All agents that know something have answered by then. */
const GATHER_MS = 1_000;
/** Nobody knows it. */
const SILENCE_MS = 3_000;

export function connectionOf(command: string, values: ConnectionValues, io: CommandIo): Connection {
  const named = values.server ?? io.env['TOWPATH_NATS_SERVERS'];
  const client = named === undefined ? readClientFile(io) : null;
  const servers = (named ?? client?.servers.join(',') ?? DEFAULT_NATS_URL).split(',').map((url) => url.trim());
  const mesh = values.mesh ?? io.env['TOWPATH_MESH'] ?? client?.mesh ?? DEFAULT_MESH;
  if (!isToken(mesh)) throw wrongUsage(command, `the mesh name "${mesh}" must be lower-case letters, digits, - or _`);
  const wrong = servers.find((url) => !/^((nats|tls):\/\/)?[^/\s]+$/.test(url));
  if (wrong !== undefined)
    throw wrongUsage(command, `"${hidePassword(wrong)}" is no NATS server; write nats://HOST:PORT`);
  return {
    servers,
    mesh,
    credentialsFile: values.creds ?? io.env['TOWPATH_NATS_CREDENTIALS_FILE'] ?? client?.credentialsFile ?? null,
    caFile: values['nats-ca'] ?? io.env['TOWPATH_NATS_CA_FILE'] ?? client?.caFile ?? null,
    allowOpen: ['true', 'on', 'yes', '1'].includes(io.env['TOWPATH_NATS_ALLOW_OPEN'] ?? ''),
  };
}

/** Asks control; its refusals become UserErrors with every problem. */
export interface ControlClient {
  readonly bus: Bus;
  ask<T>(
    noun: string,
    verb: string,
    body: string | Uint8Array,
    schema: z.ZodType<T>,
    headers?: Headers,
    timeoutMs?: number,
  ): Promise<T>;
}

/** Runs a task with a connection that is closed afterwards. Throws UserError when no NATS server answers. */
export async function withControl<T>(
  connection: Connection,
  task: (client: ControlClient) => Promise<T>,
  dialMs: number = DIAL_MS,
): Promise<T> {
  const subjects = subjectsOf(connection.mesh);
  const bus = await dial(connection, dialMs);
  try {
    return await task({
      bus,
      ask: (noun, verb, body, schema, headers = {}, timeoutMs = ANSWER_MS) =>
        ask(bus, subjects, { noun, verb, body, schema, headers, timeoutMs }),
    });
  } finally {
    await bus.close();
  }
}

/** Asks one agent over NATS. Throws UserError: no NATS server, no such agent, or it refuses. */
export async function askHost(connection: Connection, host: string, verb: string, body: string): Promise<unknown> {
  if (!isToken(host)) throw wrongUsage(verb, `the host id "${host}" must be lower-case letters, digits, - or _`);
  const bus = await dial(connection);
  try {
    const subject = subjectsOf(connection.mesh).agent(host, verb);
    const reply = await bus.request(subject, body, ANSWER_MS).catch((cause: unknown) => {
      const message = `the agent of ${host} in the mesh "${connection.mesh}" does not answer (${reasonOf(cause)})`;
      throw new UserError({ code: 'TWP2702', message, hint: 'towpath status lists the agents' });
    });
    if (reply.header(ERROR_CODE_HEADER) !== '')
      throw new UserError({
        code: 'TWP2704',
        message: `the agent of ${host} refuses: ${reply.header(ERROR_TEXT_HEADER)}`,
      });
    return JSON.parse(reply.text());
  } finally {
    await bus.close();
  }
}

/**
 * Asks all agents; those that have nothing to say are silent. Throws UserError: no NATS server.
 * @param first the first answer is all that is wanted; else every answer that comes within the time
 */
export async function askAgents(
  connection: Connection,
  verb: string,
  body: string,
  first: boolean,
): Promise<Uint8Array[]> {
  const bus = await dial(connection);
  try {
    const subject = subjectsOf(connection.mesh).agents(verb);
    if (!first) return (await bus.requestMany(subject, body, GATHER_MS)).map(({ data }) => data);
    return [(await bus.request(subject, body, SILENCE_MS)).data];
  } catch (cause) {
    if (cause instanceof BusError && (cause.code === 'timeout' || cause.code === 'no-responders')) return [];
    throw new UserError({ code: 'TWP2702', message: `the agents could not be asked (${reasonOf(cause)})` });
  } finally {
    await bus.close();
  }
}

/** Headers of a request that changes something: who, and an id that makes a repetition harmless. */
export function mutationHeaders(): Record<string, string> {
  return { [AUTHOR_HEADER]: `${userName()}@${hostname()}`, [REQUEST_ID_HEADER]: randomUUID() };
}

async function dial(connection: Connection, dialMs: number = DIAL_MS): Promise<Bus> {
  try {
    const name = `cli/${hostIdOf(hostname())}/${packageVersion()}`;
    const inboxId = `cli-${randomUUID().slice(0, 8)}`;
    const { servers, credentialsFile, caFile, allowOpen } = connection;
    return await connectOnce({ servers, name, inboxId, credentialsFile, caFile, allowOpen, reads: 'leader' }, dialMs);
  } catch (cause) {
    const message = `no NATS server can be used at ${connection.servers.map(hidePassword).join(', ')} (${reasonOf(cause)})`;
    throw new UserError({
      code: 'TWP2701',
      message,
      hint: 'start nats-server, or name another one with --server or TOWPATH_NATS_SERVERS',
    });
  }
}

interface Question<T> {
  readonly noun: string;
  readonly verb: string;
  readonly body: string | Uint8Array;
  readonly schema: z.ZodType<T>;
  readonly headers: Headers;
  readonly timeoutMs: number;
}

async function ask<T>(bus: Bus, subjects: Subjects, question: Question<T>): Promise<T> {
  const subject = subjects.control(question.noun, question.verb);
  const reply = await bus
    .request(subject, question.body, question.timeoutMs, question.headers)
    .catch((cause: unknown) => {
      throw unanswered(subjects.mesh, question.timeoutMs, cause);
    });
  if (reply.header(ERROR_CODE_HEADER) !== '') throw refusal(reply.data, reply.header(ERROR_TEXT_HEADER));
  const value = decodeJson(reply.data, question.schema, MAX_VIEW_BYTES);
  if (value.ok) return value.value;
  throw new UserError({ code: 'TWP2703', message: `control's answer on ${subject} is not understood: ${value.error}` });
}

function unanswered(mesh: string, timeoutMs: number, cause: unknown): UserError {
  if (cause instanceof BusError && cause.code === 'no-responders') {
    const hint = 'start it with: towpath control';
    return new UserError({ code: 'TWP2702', message: `control is not running in the mesh "${mesh}"`, hint });
  }
  if (/max_payload/.test(reasonOf(cause))) {
    const message =
      'the resources together are larger than the NATS server takes (its max_payload, 1 MiB unless changed)';
    return new UserError({ code: 'TWP1002', message, hint: 'apply them in several steps' });
  }
  const what =
    cause instanceof BusError && cause.code === 'timeout'
      ? `did not answer within ${timeoutMs / 1000} s`
      : reasonOf(cause);
  return new UserError({ code: 'TWP2702', message: `control of the mesh "${mesh}": ${what}` });
}

function refusal(body: Uint8Array, text: string): UserError {
  const failure = decodeJson(body, failureSchema, MAX_VIEW_BYTES);
  if (!failure.ok || failure.value.problems.length === 0) return new UserError({ code: 'TWP2704', message: text });
  return new UserError(
    failure.value.problems.map(({ code, message, path, hint }) => ({
      code,
      message,
      ...(path === undefined ? {} : { path }),
      ...(hint === undefined ? {} : { hint }),
    })),
  );
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'unknown';
  }
}
