/** How tokens of requests are checked (RequestAuthentication), one rule for each issuer. */
import type { PublicJwk } from '../core/json-web-keys.ts';
import { z } from '../core/schema.ts';

/** Where the agent gets the keys of an issuer. `jwks`: a key set; `issuer`: OpenID Connect Discovery tells where it is. */
export interface KeySource {
  readonly type: 'jwks' | 'issuer';
  readonly url: string;
  readonly timeoutMs: number;
}

export interface JwtRuleView {
  /** `<namespace>/<name>` of the RequestAuthentication. */
  readonly policy: string;
  readonly issuer: string;
  /** Empty: whoever the token is for. */
  readonly audiences: readonly string[];
  readonly keys: readonly PublicJwk[] | KeySource;
  readonly fromHeaders: readonly { readonly name: string; readonly prefix: string }[];
  readonly fromParams: readonly string[];
  readonly fromCookies: readonly string[];
  /** Header that gets the claims as base64url; '' = none. */
  readonly outputPayloadToHeader: string;
  readonly outputClaimToHeaders: readonly { readonly header: string; readonly claim: string }[];
  /** The program sees the token too. */
  readonly forwardsToken: boolean;
  readonly spaceDelimitedClaims: readonly string[];
}

const MAX_LISTED = 100;
const text = z.string().max(2048);
const texts = z.array(text).max(MAX_LISTED);
const jwk = z.object({
  kty: z.enum(['RSA', 'EC', 'OKP']),
  kid: text.optional(),
  alg: text.optional(),
  crv: text.optional(),
  n: z.string().max(4096).optional(),
  e: text.optional(),
  x: text.optional(),
  y: text.optional(),
});

export const jwtRuleSchema: z.ZodType<JwtRuleView> = z.object({
  policy: z.string().max(320),
  issuer: text,
  audiences: texts,
  keys: z.union([
    z.array(jwk).max(MAX_LISTED),
    z.object({ type: z.enum(['jwks', 'issuer']), url: text, timeoutMs: z.number().int().min(1).max(60_000) }),
  ]),
  fromHeaders: z.array(z.object({ name: text, prefix: text })).max(MAX_LISTED),
  fromParams: texts,
  fromCookies: texts,
  outputPayloadToHeader: text,
  outputClaimToHeaders: z.array(z.object({ header: text, claim: text })).max(MAX_LISTED),
  forwardsToken: z.boolean(),
  spaceDelimitedClaims: texts,
});
