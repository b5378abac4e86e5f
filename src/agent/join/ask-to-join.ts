/** The one question that a join token allows. The host's key is made here and its seed is sent to nobody. */
import { BusError } from '../../contract/bus-types.ts';
import { decodeJson, MAX_RECORD_BYTES } from '../../contract/decode.ts';
import { issuedSchema } from '../../contract/join-messages.ts';
import type { JoinToken } from '../../contract/join-token.ts';
import { ERROR_CODE_HEADER, ERROR_TEXT_HEADER } from '../../contract/micro.ts';
import { formatCredentials, makeKey } from '../../contract/nats-jwt.ts';
import { connectOnce } from '../../contract/open-bus.ts';
import { subjectsOf } from '../../contract/subjects.ts';
import { UserError } from '../../core/errors.ts';

const DIAL_MS = 10_000;
const ANSWER_MS = 5_000;
/** A lost answer is asked for again with the same key, which control knows. */
const TRIES = 3;

export interface JoinedHost {
  /** Text of the host's `.creds` file: a secret. */
  readonly credentials: string;
  /** When they end unless renewed, wall-clock ms. */
  readonly expiresMs: number;
}

/** @throws UserError: expired here, nobody answers, or control refuses, each with what to do. */
export async function askToJoin(token: JoinToken, host: string, version: string, nowMs: number): Promise<JoinedHost> {
  if (token.expiresMs <= nowMs) {
    const ago = `${Math.ceil((nowMs - token.expiresMs) / 60_000)} min ago, at ${new Date(token.expiresMs).toISOString()}`;
    throw refused(
      `this join token expired ${ago} by the clock of this host; make another on the control host: towpath join-token create --for ${host}`,
    );
  }
  const key = makeKey('user');
  const bus = await connectOnce(
    {
      servers: token.servers,
      name: `join/${host}/${version}`,
      inboxId: token.id,
      credentialsFile: null,
      credentials: formatCredentials(token.jwt, token.seed),
      ca: token.ca,
      reads: 'direct',
    },
    DIAL_MS,
  ).catch((cause: unknown) => {
    throw unreachable(token, host, cause);
  });
  try {
    const subject = subjectsOf(token.mesh).join(token.id);
    const reply = await ask(() => bus.request(subject, JSON.stringify({ host, publicKey: key.publicKey }), ANSWER_MS));
    if (reply.header(ERROR_CODE_HEADER) !== '') throw refused(reply.header(ERROR_TEXT_HEADER));
    const issued = decodeJson(reply.data, issuedSchema, MAX_RECORD_BYTES);
    if (!issued.ok) throw refused(`control's answer is not understood: ${issued.error}`);
    return { credentials: formatCredentials(issued.value.jwt, key.seed), expiresMs: issued.value.expiresMs };
  } finally {
    await bus.close();
  }
}

async function ask<T>(request: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await request();
    } catch (cause) {
      const passing = cause instanceof BusError && (cause.code === 'timeout' || cause.code === 'no-responders');
      if (!passing || tries === TRIES) throw silent(cause);
    }
  }
}

function unreachable({ servers, mesh }: JoinToken, host: string, cause: unknown): UserError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const where = servers.join(', ');
  if (/authoriz|authentic/i.test(reason)) {
    return refused(
      `the NATS server at ${where} does not take this join token: it expired, was made for a mesh "${mesh}" that is no more, or the clock of this host is wrong; make another on the control host: towpath join-token create --for ${host}`,
    );
  }
  return refused(`no NATS server of the mesh can be used at ${where} (${reason}); the token is still unused`);
}

function silent(cause: unknown): UserError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return refused(`control does not answer (${reason}); when it runs (towpath control), join again with the same token`);
}

function refused(message: string): UserError {
  return new UserError({ code: 'TWP2906', message });
}
