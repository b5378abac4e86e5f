/** The service and port that a dialled authority means. Pure. */
import type { DecisionTrace } from '../../contract/decision-trace.ts';
import type { ServiceKey } from '../../contract/views.ts';
import type { SockAddr } from '../../reactor/socket-address.ts';
import { hostAddress, NO_PORT, readAuthority } from '../explicit/read-authority.ts';

const HTTP_PORT = 80;

export type FoundTarget =
  | { readonly type: 'service'; readonly key: ServiceKey; readonly port: number }
  | { readonly type: 'address'; readonly address: SockAddr }
  | {
      readonly type: 'other';
      readonly target: Pick<DecisionTrace['target'], 'type' | 'service' | 'port' | 'sentence'>;
    };

/** What names mean: `ServiceNames`. */
export interface Names {
  find(
    host: string,
  ):
    | { readonly type: 'service'; readonly key: ServiceKey }
    | { readonly type: 'ambiguous'; readonly keys: readonly ServiceKey[] }
    | { readonly type: 'none'; readonly isMesh: boolean };
}

/** A port that is not named is 80, as programs dial `http://`. */
export function findTarget(names: Names, authority: string): FoundTarget {
  const bytes = Buffer.from(authority, 'utf8');
  const { host, port: named } = readAuthority(bytes, 0, bytes.length);
  const port = named === NO_PORT ? HTTP_PORT : named;
  const literal = hostAddress(host);
  if (literal !== null) return { type: 'address', address: literal.withPort(port) };
  const found = names.find(host);
  switch (found.type) {
    case 'service':
      return { type: 'service', key: found.key, port };
    case 'ambiguous': {
      const sentence = `several services are called ${host}: ${found.keys.join(', ')}; write name.namespace`;
      return { type: 'other', target: { type: 'ambiguous', service: '', port, sentence } };
    }
    case 'none': {
      const sentence = `${host} is no service: programs reach what they resolve it to, unless it is the address of one`;
      return { type: 'other', target: { type: 'original', service: '', port, sentence } };
    }
  }
}
