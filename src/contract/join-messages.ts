/** What control keeps of join tokens and of the hosts that have joined: values of the bucket `towpath_join`, which agents cannot read. */
import { z } from '../core/schema.ts';
import { DEFAULT_ACCOUNT } from './spiffe-id.ts';

export const MAX_SCOPES = 64;

const label = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
const name = z.string().min(1).max(253);
const time = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
export const hostIdSchema = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$/);
/** Public part of a NATS user's key (nkey), which is made on the host and whose seed never leaves it. */
export const userKeySchema = z.string().regex(/^U[A-Z2-7]{55}$/);

/** Identities `spiffe://<trust-domain>/ns/<namespace>/sa/<account>`; `*`: any. */
export const identityScopeSchema = z.strictObject({
  namespace: z.union([z.literal('*'), label]),
  account: z.union([z.literal('*'), name]),
});
export type IdentityScope = z.infer<typeof identityScopeSchema>;

/** What a token allows the host that joins by it. */
const allowedSchema = z.strictObject({
  /** Identities that the host may ask the CA for. */
  identities: z.array(identityScopeSchema).max(MAX_SCOPES),
  /** WorkloadGroups: their namespace with the account of their template are identities that it may ask for as well. */
  groups: z.array(z.strictObject({ namespace: label, name })).max(MAX_SCOPES),
  /** How long the host's NATS credentials live when nobody renews them: so long may it be away and come back by itself. */
  identityTtlMs: time.min(60_000),
});

/** Value of `token.<id>`. The token itself is nowhere: its credentials cannot be made again from this. */
export const tokenRecordSchema = z.strictObject({
  ...allowedSchema.shape,
  id: hostIdSchema,
  createdMs: time,
  createdBy: z.string().max(1024),
  expiresMs: time,
  /** The only host that may join by it; null: any that is not there yet. */
  host: hostIdSchema.nullable(),
  /** Set once, by compare and set. */
  used: z.strictObject({ host: hostIdSchema, publicKey: userKeySchema, atMs: time }).nullable(),
  revokedMs: time.nullable(),
});
export type TokenRecord = z.infer<typeof tokenRecordSchema>;

/** Value of `host.<host>`: who the host is, since it joined. Absent in an open mesh, where nobody proves who he is. */
export const hostRecordSchema = z.strictObject({
  ...allowedSchema.shape,
  host: hostIdSchema,
  publicKey: userKeySchema,
  tokenId: hostIdSchema,
  joinedMs: time,
  /** Renewals and certificates are refused from then on. */
  revokedMs: time.nullable(),
});
export type HostRecord = z.infer<typeof hostRecordSchema>;

export function tokenKey(id: string): string {
  return `token.${id}`;
}

export function hostKey(host: string): string {
  return `host.${host}`;
}

/**
 * Whether the host's token lets it ask for this identity; WorkloadGroups (`groups`) are for the caller to look up. Every host may have
 * `default/default`, the account of programs that nobody has named: without it they could not call anybody under mutual TLS.
 */
export function mayHaveIdentity(
  { identities, revokedMs }: Pick<HostRecord, 'identities' | 'revokedMs'>,
  namespace: string,
  account: string,
): boolean {
  if (revokedMs !== null) return false;
  if (namespace === 'default' && account === DEFAULT_ACCOUNT) return true;
  return identities.some(
    (scope) =>
      (scope.namespace === '*' || scope.namespace === namespace) &&
      (scope.account === '*' || scope.account === account),
  );
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
export const DEFAULT_TOKEN_TTL_MS = 60 * MINUTE_MS;
export const MAX_TOKEN_TTL_MS = 7 * DAY_MS;
export const DEFAULT_IDENTITY_TTL_MS = 14 * DAY_MS;
export const MAX_IDENTITY_TTL_MS = 365 * DAY_MS;

/** Body of `control.token.create`. */
export const createTokenSchema = z.strictObject({
  ttlMs: time.min(MINUTE_MS).max(MAX_TOKEN_TTL_MS).default(DEFAULT_TOKEN_TTL_MS),
  host: hostIdSchema.nullable().default(null),
  identities: z.array(identityScopeSchema).max(MAX_SCOPES).default([]),
  groups: allowedSchema.shape.groups.default([]),
  identityTtlMs: time
    .min(60 * MINUTE_MS)
    .max(MAX_IDENTITY_TTL_MS)
    .default(DEFAULT_IDENTITY_TTL_MS),
  /** Where the host dials, when not where the mesh says; `tls://HOST:PORT`. */
  servers: z
    .array(z.string().regex(/^tls:\/\/[^\s/@]{1,253}$/))
    .min(1)
    .max(16)
    .optional(),
});
export type CreateToken = z.infer<typeof createTokenSchema>;

/** `token`: the line to paste, which is a secret until it is used. */
export const createdTokenSchema = z.object({ id: hostIdSchema, token: z.string(), expiresMs: time });
export type CreatedToken = z.infer<typeof createdTokenSchema>;

export const listedTokenSchema = z.object({
  id: z.string(),
  state: z.enum(['OPEN', 'USED', 'EXPIRED', 'REVOKED']),
  createdMs: time,
  createdBy: z.string(),
  expiresMs: time,
  host: z.string().nullable(),
  usedBy: z.string().nullable(),
});
export type ListedToken = z.infer<typeof listedTokenSchema>;
export const tokenListSchema = z.object({ items: z.array(listedTokenSchema) });

/** Body of `control.token.revoke`. */
export const revokeTokenSchema = z.strictObject({ id: hostIdSchema });
/** Body of `control.host.revoke`. */
export const revokeHostSchema = z.strictObject({ host: hostIdSchema });

/** Body of `join.<token>`. */
export const joinRequestSchema = z.strictObject({ host: hostIdSchema, publicKey: userKeySchema });
export type JoinRequest = z.infer<typeof joinRequestSchema>;

/** NATS credentials of a host, without the seed, which only the host has. */
export const issuedSchema = z.object({ jwt: z.string().max(8192), expiresMs: time });
export type Issued = z.infer<typeof issuedSchema>;
