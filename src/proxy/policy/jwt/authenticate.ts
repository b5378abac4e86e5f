/**
 * Who asks, by the token of the request. One token at most, from an issuer that a rule names; a token that was found good is remembered
 * until it expires. Everything happens at once: a data thread waits for nobody.
 */
import type { JwtRuleView } from '../../../contract/jwt-views.ts';
import { type CompiledEdits, compileHeaderEdits } from '../../codec/http1/header-edits.ts';
import type { MessageHead } from '../../codec/message-head.ts';
import { claimsProblem, LEEWAY_S, tokenOf } from './check-claims.ts';
import { type FoundToken, findTokens } from './find-tokens.ts';
import { type ParsedToken, parseToken } from './parse-token.ts';
import type { VerifiedToken } from './verified-token.ts';
import { signatureProblem, UNKNOWN_KEY, type VerificationKey } from './verify-signature.ts';

const MAX_REMEMBERED = 512;

export interface JwtRule {
  readonly view: JwtRuleView;
  /** null: they could not be fetched yet. */
  readonly keys: readonly VerificationKey[] | null;
  /** A token that is good otherwise names a key that is none of them. */
  readonly wantKeys: (url: string) => void;
}

export type Authentication =
  /** `edits`: what the program shall not take for claims is taken off. */
  | { readonly type: 'anonymous'; readonly edits: CompiledEdits | null }
  | { readonly type: 'known'; readonly token: VerifiedToken; readonly edits: CompiledEdits | null }
  | { readonly type: 'refused'; readonly reason: string };

type Known = Extract<Authentication, { type: 'known' }>;

export class Authenticator {
  readonly #rules: readonly JwtRule[];
  readonly #anonymous: Authentication;
  /** By header and text of the token. */
  readonly #remembered = new Map<string, { readonly known: Known; readonly until: number }>();

  constructor(rules: readonly JwtRule[]) {
    this.#rules = rules;
    this.#anonymous = { type: 'anonymous', edits: editsOf(this.#rules, null, null, '') };
  }

  /** @param now seconds since 1970 */
  authenticate(head: MessageHead, bytes: Buffer, now: number): Authentication {
    const found = new Map<string, { readonly token: FoundToken; readonly rules: JwtRule[] }>();
    let count = 0;
    for (const rule of this.#rules) {
      const tokens = findTokens(rule.view, head, bytes);
      count = Math.max(count, tokens.length);
      for (const token of tokens) {
        const key = `${token.header} ${token.text}`;
        const entry = found.get(key) ?? { token, rules: [] };
        entry.rules.push(rule);
        found.set(key, entry);
      }
    }
    const [first] = found;
    if (first === undefined) return this.#anonymous;
    if (found.size > 1 || count > 1) return { type: 'refused', reason: 'more than one Jwt' };
    const [key, { token, rules }] = first;
    const remembered = this.#remembered.get(key);
    if (remembered !== undefined && now < remembered.until) return remembered.known;
    return this.#check(key, token, rules, now);
  }

  #check(key: string, found: FoundToken, rules: readonly JwtRule[], now: number): Authentication {
    const parsed = parseToken(found.text);
    if (!parsed.ok) return { type: 'refused', reason: parsed.error };
    let reason = 'Jwt issuer is not configured';
    for (const rule of rules) {
      if (parsed.value.claims['iss'] !== rule.view.issuer) continue;
      const problem = problemOf(parsed.value, rule, now);
      if (problem === null) return this.#remember(key, found, rule, parsed.value, now);
      reason = problem;
    }
    return { type: 'refused', reason };
  }

  #remember(key: string, { header }: FoundToken, { view }: JwtRule, { claims }: ParsedToken, now: number): Known {
    const edits = editsOf(this.#rules, view, claims, view.forwardsToken ? '' : header);
    const known: Known = { type: 'known', token: tokenOf(claims, view), edits };
    const { exp } = claims;
    const until = typeof exp === 'number' ? exp + LEEWAY_S : now + 3600;
    this.#remembered.delete(key);
    this.#remembered.set(key, { known, until });
    for (const oldest of this.#remembered.keys()) {
      if (this.#remembered.size <= MAX_REMEMBERED) break;
      this.#remembered.delete(oldest);
    }
    return known;
  }
}

function problemOf(token: ParsedToken, { view, keys, wantKeys }: JwtRule, now: number): string | null {
  if (keys === null) return 'Jwks remote fetch is failed';
  const problem = claimsProblem(token.claims, view, now) ?? signatureProblem(token, keys);
  if (problem === UNKNOWN_KEY && 'url' in view.keys) wantKeys(view.keys.url);
  return problem;
}

/** Headers that stand for claims are ours alone: taken off, and set from the token. */
function editsOf(
  rules: readonly JwtRule[],
  rule: JwtRuleView | null,
  claims: Readonly<Record<string, unknown>> | null,
  tokenHeader: string,
): CompiledEdits | null {
  const reserved = rules.flatMap(({ view }) => [
    ...(view.outputPayloadToHeader === '' ? [] : [view.outputPayloadToHeader]),
    ...view.outputClaimToHeaders.map(({ header }) => header),
  ]);
  const set: { name: string; value: string }[] = [];
  if (rule !== null && claims !== null) {
    if (rule.outputPayloadToHeader !== '') {
      set.push({
        name: rule.outputPayloadToHeader,
        value: Buffer.from(JSON.stringify(claims)).toString('base64url'),
      });
    }
    for (const { header, claim } of rule.outputClaimToHeaders) {
      const value = claimText(claims, claim);
      if (value !== null) set.push({ name: header, value });
    }
  }
  const given = new Set(set.map(({ name }) => name.toLowerCase()));
  const remove = [...reserved, ...(tokenHeader === '' ? [] : [tokenHeader])].filter(
    (name) => !given.has(name.toLowerCase()),
  );
  return compileHeaderEdits({ set, add: [], remove: [...new Set(remove)] });
}

/** A text, number or truth value of a claim (`a.b`: of one inside another), as a header can hold it; null: it has none. */
function claimText(claims: Readonly<Record<string, unknown>>, path: string): string | null {
  let value: unknown = Object.hasOwn(claims, path) ? claims[path] : claims;
  if (value === claims) {
    for (const name of path.split('.')) {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return null;
      value = (value as Readonly<Record<string, unknown>>)[name];
    }
  }
  const text = typeof value === 'number' || typeof value === 'boolean' ? String(value) : value;
  return typeof text === 'string' && /^[\x20-\x7e]{1,1024}$/.test(text) ? text.trim() : null;
}
