/** What agents and operators ask of the certificate authority in control, and what it keeps. Times in wall-clock ms, certificates in PEM. */
import { z } from '../core/schema.ts';

/** An agent asks for so many identities at most. */
export const MAX_IDENTITIES = 256;
/** Roots that are trusted at once, at most. */
export const MAX_ROOTS = 8;
/** Hosts in one answer to `control.cert.show`. */
export const SHOWN_HOSTS = 500;

const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const pem = z.string().max(16_384);
const spiffeId = z.string().max(2048);
/** SHA-256 of the certificate's DER, in hex. */
const fingerprint = z.string().regex(/^[0-9a-f]{64}$/);
const sentence = z.string().max(1024);

const rootSchema = z.object({ fingerprint, certificate: pem });

/** Which roots a host trusts, and which of them new certificates come under. */
export const trustSchema = z.object({
  trustDomain: z.string().regex(/^[a-z0-9._-]{1,255}$/),
  /** Rises with each change; a host never goes back to a lower one. */
  version: count,
  roots: z.array(rootSchema).min(1).max(MAX_ROOTS),
  /** Fingerprint of the root whose certificates are wanted: others are renewed. */
  issuer: fingerprint,
});
export type Trust = z.infer<typeof trustSchema>;

const heldCertificateSchema = z.object({ spiffeId, root: fingerprint, notAfterMs: count });

/** Body of `control.cert.trust.<host>`: what the host has in force. It is the acknowledgement of a change, too. */
export const trustRequestSchema = z.strictObject({
  /** Of the trust in force; 0: none. */
  version: count,
  certificates: z.array(heldCertificateSchema).max(MAX_IDENTITIES),
  /** Why an identity that the host wants is missing; null: all are there. */
  problem: sentence.nullable(),
});
export type TrustRequest = z.infer<typeof trustRequestSchema>;

export const trustReplySchema = z.object({
  trust: trustSchema,
  /** Renewals that a change of the root asks for are spread over this time, in ms. */
  spreadMs: count,
});
export type TrustReply = z.infer<typeof trustReplySchema>;

/** Body of `control.cert.sign.<host>`. */
export const signRequestSchema = z.strictObject({
  namespace: z.string().regex(/^[a-z0-9-]{1,63}$/),
  account: z.string().regex(/^[a-z0-9.-]{1,253}$/),
  /** PKCS #10. */
  request: pem,
});
export type SignRequest = z.infer<typeof signRequestSchema>;

export const signReplySchema = z.object({
  spiffeId,
  /** The certificate, then intermediates. */
  chain: z.string().max(65_536),
  trust: trustSchema,
});
export type SignReply = z.infer<typeof signReplySchema>;

/**
 * Rotation of the root. `spread`: the next root is trusted by everybody before anybody shows a certificate of it. `reissue`: certificates
 * come from the next root, and the old one stays trusted until the last of its certificates is gone.
 */
const rotationSchema = z.object({
  phase: z.enum(['spread', 'reissue']),
  from: fingerprint,
  to: fingerprint,
  sinceMs: count,
});
export type Rotation = z.infer<typeof rotationSchema>;

/** Value of `ca` in the bucket `towpath_trust`. No key is ever in it. */
export const trustRecordSchema = z.object({ ...trustSchema.shape, rotation: rotationSchema.nullable() });
export type TrustRecord = z.infer<typeof trustRecordSchema>;

/** Value of `host.<host>` in the bucket `towpath_trust`: what the host said last. */
export const hostTrustSchema = z.object({ ...trustRequestSchema.shape, atMs: count });
export type HostTrust = z.infer<typeof hostTrustSchema>;

export const TRUST_KEY = 'ca';
export const HOST_PREFIX = 'host.';

export const showRequestSchema = z.strictObject({
  /** Only this host. */
  host: z.string().max(63).optional(),
  /** Go on after this host, as the last answer says in `next`. */
  after: z.string().max(63).optional(),
});

export const showReplySchema = z.object({
  trustDomain: z.string(),
  version: count,
  mode: z.enum(['own', 'files']),
  /** Of the replica that answers. */
  lifetimeMs: count,
  /** Where that replica keeps the keys. */
  directory: z.string(),
  roots: z.array(
    z.object({
      fingerprint,
      subject: z.string(),
      notBeforeMs: count,
      notAfterMs: count,
      state: z.enum(['active', 'coming', 'leaving', 'trusted']),
      /** The replica that answers has the key. */
      key: z.boolean(),
    }),
  ),
  rotation: z
    .object({
      ...rotationSchema.shape,
      /** Live hosts that have not followed yet. */
      waitingFor: z.array(z.string()),
      /** The old root is dropped at this time at the earliest; null: it is not known yet. */
      dropAtMs: count.nullable(),
    })
    .nullable(),
  hosts: z.array(z.object({ host: z.string(), live: z.boolean(), ...hostTrustSchema.shape })),
  next: z.string().optional(),
});
export type ShowReply = z.infer<typeof showReplySchema>;

export const rotateRequestSchema = z.strictObject({
  /** Drop the old root now: certificates of hosts that are away and still use it are worth nothing then. */
  finish: z.boolean().default(false),
});
export const rotateReplySchema = z.object({ sentence: z.string(), trust: trustRecordSchema });
export type RotateReply = z.infer<typeof rotateReplySchema>;
