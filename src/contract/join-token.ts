/** The one line that a host is given to join by: where the mesh is, whom to trust, and NATS credentials for one question. */
import { err, ok, type Result } from '../core/result.ts';
import { z } from '../core/schema.ts';
import { hostIdSchema } from './join-messages.ts';

const PREFIX = 'towpath-join-';
const MAX_CHARACTERS = 16_384;

const joinTokenSchema = z.strictObject({
  v: z.literal(1),
  mesh: hostIdSchema,
  id: hostIdSchema,
  /** `tls://HOST:PORT`. */
  servers: z
    .array(z.string().regex(/^tls:\/\/[^\s/@]{1,253}$/))
    .min(1)
    .max(16),
  /** Root of the servers' certificates, PEM. */
  ca: z.string().max(8192),
  /** Token and seed of a NATS user who may ask one question and lives as long as this. */
  jwt: z.string().max(4096),
  seed: z.string().max(128),
  expiresMs: z.number().int().min(0),
  /** null: any host that has not joined yet. */
  host: hostIdSchema.nullable(),
});
export type JoinToken = z.infer<typeof joinTokenSchema>;

export function encodeJoinToken(token: JoinToken): string {
  return `${PREFIX}${Buffer.from(JSON.stringify(token)).toString('base64url')}`;
}

/** A sentence when it is none; the text itself is a secret and is in no sentence. */
export function decodeJoinToken(text: string): Result<JoinToken, string> {
  const line = text.trim();
  if (!line.startsWith(PREFIX)) return err(`a join token begins with ${PREFIX}; this text does not`);
  if (line.length > MAX_CHARACTERS)
    return err('the join token is longer than any that "towpath join-token create" prints');
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(line.slice(PREFIX.length), 'base64url').toString('utf8'));
  } catch {
    return err('the join token is damaged: paste the whole line that "towpath join-token create" has printed');
  }
  const parsed = joinTokenSchema.safeParse(value);
  if (parsed.success) return ok(parsed.data);
  return err('the join token is damaged, or was made by another version of Towpath: make one anew');
}
