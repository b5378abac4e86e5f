/** What a request's token says, once its signature and claims were found good. */
export interface VerifiedToken {
  /** `<iss>/<sub>`; '' when it has no subject. Istio's `request.auth.principal`. */
  readonly principal: string;
  readonly audiences: readonly string[];
  /** `azp`; '' = none. */
  readonly presenter: string;
  readonly claims: Readonly<Record<string, unknown>>;
  /** Claims whose text is a list with blanks between its members. */
  readonly spaceDelimited: ReadonlySet<string>;
}

/** The texts of a claim, or of one inside it: a text or list of texts; others have none. */
export function claimTexts({ claims, spaceDelimited }: VerifiedToken, path: readonly string[]): readonly string[] {
  let value: unknown = claims;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name)) return [];
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  if (typeof value === 'string') {
    const [only = ''] = path;
    return path.length === 1 && spaceDelimited.has(only) ? value.split(' ') : [value];
  }
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}
