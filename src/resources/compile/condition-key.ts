/** The attributes that a condition (`when.key`) may name, as Istio documents them. Pure. */
import type { Attribute } from '../../contract/authorization-views.ts';

export interface NamedAttribute {
  readonly attribute: Attribute;
  readonly key: readonly string[];
}

const PLAIN: ReadonlyMap<string, Attribute> = new Map(
  (
    [
      'source.ip',
      'remote.ip',
      'source.namespace',
      'source.principal',
      'source.serviceAccount',
      'request.auth.principal',
      'request.auth.audiences',
      'request.auth.presenter',
      'destination.ip',
      'destination.port',
      'connection.sni',
    ] as const
  ).map((name) => [name, name]),
);
const KEYS = [...PLAIN.keys(), 'request.headers[...]', 'request.auth.claims[...]'].join(', ');
const BRACKETS = /^\[([^[\]]+)\]/;
const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
/** Claims inside claims. */
const MAX_DEPTH = 8;

/** What a key names, or in one sentence why it names nothing: Istio would ignore it. */
export function attributeOf(key: string): NamedAttribute | { readonly problem: string } {
  const plain = PLAIN.get(key);
  if (plain !== undefined) return { attribute: plain, key: [] };
  if (key.startsWith('request.headers')) return headerOf(key.slice('request.headers'.length));
  if (key.startsWith('request.auth.claims')) return claimOf(key.slice('request.auth.claims'.length));
  return { problem: `is no attribute; there are ${KEYS}` };
}

function headerOf(rest: string): NamedAttribute | { readonly problem: string } {
  const [whole = '', name = ''] = BRACKETS.exec(rest) ?? [];
  if (whole !== rest || !TOKEN.test(name)) return { problem: 'must name one header: request.headers[x-group]' };
  return { attribute: 'request.headers', key: [name] };
}

function claimOf(text: string): NamedAttribute | { readonly problem: string } {
  const key: string[] = [];
  let rest = text;
  while (rest !== '') {
    const [whole = '', name = ''] = BRACKETS.exec(rest) ?? [];
    if (whole === '' || key.length === MAX_DEPTH) break;
    key.push(name);
    rest = rest.slice(whole.length);
  }
  if (rest !== '' || key.length === 0)
    return { problem: 'must name a claim: request.auth.claims[groups], or request.auth.claims[realm][roles]' };
  return { attribute: 'request.auth.claims', key };
}
