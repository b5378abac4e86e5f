/** What a token with a good signature says of itself (RFC 7519 4.1). Pure: time is an argument. */
import type { JwtRuleView } from '../../../contract/jwt-views.ts';
import type { VerifiedToken } from './verified-token.ts';

/** Seconds by which clocks of hosts may differ. */
export const LEEWAY_S = 5;

type Claims = Readonly<Record<string, unknown>>;

/** Why the claims are not good for a rule, in Envoy's words; null: they are. @param now seconds since 1970 */
export function claimsProblem(claims: Claims, rule: JwtRuleView, now: number): string | null {
  const { iss, exp, nbf } = claims;
  if (iss !== rule.issuer) return 'Jwt issuer is not configured';
  if (exp !== undefined && !isTime(exp)) return 'Jwt payload [exp] field must be a number';
  if (nbf !== undefined && !isTime(nbf)) return 'Jwt payload [nbf] field must be a number';
  if (isTime(exp) && now >= exp + LEEWAY_S) return 'Jwt is expired';
  if (isTime(nbf) && now < nbf - LEEWAY_S) return 'Jwt not yet valid';
  const audiences = audiencesOf(claims);
  if (audiences === null) return 'Jwt payload [aud] field must be a text or a list of texts';
  if (rule.audiences.length > 0 && !rule.audiences.some((one) => audiences.includes(one)))
    return 'Audiences in Jwt are not allowed';
  return null;
}

/** After `claimsProblem` found none. */
export function tokenOf(claims: Claims, rule: JwtRuleView): VerifiedToken {
  const { sub, azp } = claims;
  return {
    principal: typeof sub === 'string' && sub !== '' ? `${rule.issuer}/${sub}` : '',
    audiences: audiencesOf(claims) ?? [],
    presenter: typeof azp === 'string' ? azp : '',
    claims,
    spaceDelimited: new Set(rule.spaceDelimitedClaims),
  };
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function audiencesOf({ aud }: Claims): readonly string[] | null {
  if (aud === undefined) return [];
  if (typeof aud === 'string') return [aud];
  return Array.isArray(aud) && aud.every((one) => typeof one === 'string') ? aud : null;
}
