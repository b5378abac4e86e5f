/** Keeps the host's NATS credentials alive: renewed by control at half of their life, for the key that stays on this host. */
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Bus } from '../../contract/bus-types.ts';
import { decodeJson, MAX_RECORD_BYTES } from '../../contract/decode.ts';
import { issuedSchema } from '../../contract/join-messages.ts';
import { ERROR_CODE_HEADER, ERROR_TEXT_HEADER } from '../../contract/micro.ts';
import { type CredentialFacts, formatCredentials, readCredentials, readToken } from '../../contract/nats-jwt.ts';
import type { Subjects } from '../../contract/subjects.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { writeWhole } from './write-member.ts';

const LOOK_MS = 60_000;
const ANSWER_MS = 5_000;
const SECRET = 0o600;

/** When a token is due: half of its life is over. Those without an end never are. Pure. */
export function isDue({ issuedMs, expiresMs }: CredentialFacts, nowMs: number): boolean {
  return expiresMs !== null && nowMs >= issuedMs + (expiresMs - issuedMs) / 2;
}

/** What an operator is to do about credentials that have expired; null while they are good. Pure. */
export function expiryAdvice({ expiresMs }: CredentialFacts, host: string, nowMs: number): string | null {
  if (expiresMs === null || nowMs < expiresMs) return null;
  return `the NATS credentials of this host expired at ${new Date(expiresMs).toISOString()}: on the control host run "towpath join-token create --for ${host}", and here "towpath agent join TOKEN"`;
}

/** null: there is no file, or nothing in it that is understood. */
export async function credentialFacts(file: string): Promise<CredentialFacts | null> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const found = readCredentials(text);
  return found === null ? null : readToken(found.token);
}

export class CredentialRenewal {
  readonly #bus: Bus;
  readonly #subjects: Subjects;
  readonly #host: string;
  readonly #file: string;
  readonly #logger: Logger;
  #timer: NodeJS.Timeout | null = null;
  #asking = false;
  #renewals = 0;

  /** @param file a `.creds` file, in a folder that can be written */
  constructor(bus: Bus, subjects: Subjects, host: string, file: string, logger: Logger) {
    this.#bus = bus;
    this.#subjects = subjects;
    this.#host = host;
    this.#file = file;
    this.#logger = logger;
  }

  start(): void {
    this.#timer = setInterval(() => void this.look(), LOOK_MS);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
  }

  get renewals(): number {
    return this.#renewals;
  }

  /** Renews what is due, if control can be asked now. Never rejects. */
  async look(): Promise<void> {
    if (this.#asking || !this.#bus.connected) return;
    this.#asking = true;
    try {
      const text = await readFile(this.#file, 'utf8');
      const held = readCredentials(text);
      const facts = held === null ? null : readToken(held.token);
      if (held !== null && facts !== null && isDue(facts, Date.now())) await this.#renew(held.seed, facts);
    } catch (cause) {
      this.#logger.warn({ reason: String(cause) }, 'could not renew the NATS credentials of this host; trying again');
    } finally {
      this.#asking = false;
    }
  }

  async #renew(seed: string, facts: CredentialFacts): Promise<void> {
    const subject = this.#subjects.fromAgent('identity', 'renew', this.#host);
    const reply = await this.#bus.request(subject, '', ANSWER_MS);
    if (reply.header(ERROR_CODE_HEADER) !== '') throw new Error(reply.header(ERROR_TEXT_HEADER));
    const issued = decodeJson(reply.data, issuedSchema, MAX_RECORD_BYTES);
    if (!issued.ok) throw new Error(issued.error);
    const fresh = readToken(issued.value.jwt);
    if (fresh === null || fresh.publicKey !== facts.publicKey || fresh.name !== this.#host)
      throw new Error('the answer is not about the key of this host');
    await writeWhole(this.#file, formatCredentials(issued.value.jwt, seed), SECRET);
    this.#renewals++;
    const until = new Date(issued.value.expiresMs).toISOString();
    this.#logger.info({ until, folder: dirname(this.#file) }, 'the NATS credentials of this host are renewed');
  }
}
