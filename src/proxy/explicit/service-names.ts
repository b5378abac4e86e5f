/** Names of services as programs write them, and the service that each means. Pure. */

import type { DirectoryEntry, ServiceKey } from '../../contract/views.ts';
import { serviceKey } from '../../contract/views.ts';
import { closestWord } from '../../core/closest-word.ts';

export type FoundName =
  | { readonly type: 'service'; readonly key: ServiceKey }
  /** Services of several namespaces have this name, and none of them is nearer than the others. */
  | { readonly type: 'ambiguous'; readonly keys: readonly ServiceKey[] }
  /** `isMesh`: the name can mean nothing but a service. */
  | { readonly type: 'none'; readonly isMesh: boolean };

const SUFFIXES = ['.svc.cluster.local', '.svc'] as const;
const DEFAULT_NAMESPACE = 'default';
/** Names told in a sentence, and services among which a similar one is looked for. */
const TOLD = 5;
/** Names remembered with what they mean. */
const REMEMBERED = 1024;
const COMPARED = 500;

export class ServiceNames {
  #keys: ReadonlySet<ServiceKey> = new Set();
  #byName: ReadonlyMap<string, readonly ServiceKey[]> = new Map();
  /** Of the programs of this host, in the order of the agent's file. */
  #home: readonly string[] = [];
  readonly #found = new Map<string, FoundName>();

  setDirectory(services: readonly DirectoryEntry[]): void {
    const byName = new Map<string, ServiceKey[]>();
    for (const { namespace, name } of services) {
      const key = serviceKey(namespace, name);
      const others = byName.get(name);
      if (others === undefined) byName.set(name, [key]);
      else others.push(key);
    }
    this.#keys = new Set([...byName.values()].flat());
    this.#byName = byName;
    this.#found.clear();
  }

  /** Namespaces in which a name without one is looked for first. */
  setHome(namespaces: readonly string[]): void {
    this.#home = [...new Set(namespaces)];
    this.#found.clear();
  }

  /**
   * What `host` means: `service`, `service.namespace`, `service.namespace.svc` or `service.namespace.svc.cluster.local`. A name
   * alone is looked for in the namespaces of this host's programs, in `default`, then in all if only one has it.
   * @param host in lower case, without a dot at the end
   */
  find(host: string): FoundName {
    const known = this.#found.get(host);
    if (known !== undefined) return known;
    const found = this.#find(host);
    if (this.#found.size === REMEMBERED) this.#found.clear();
    this.#found.set(host, found);
    return found;
  }

  #find(host: string): FoundName {
    const suffix = SUFFIXES.find((one) => host.endsWith(one)) ?? '';
    const labels = host.slice(0, host.length - suffix.length).split('.');
    const isMesh = suffix !== '';
    if (labels.length === 2) {
      const key = serviceKey(labels[1], labels[0]);
      return this.#keys.has(key) ? { type: 'service', key } : { type: 'none', isMesh };
    }
    return labels.length === 1 && !isMesh ? this.#findAlone(host) : { type: 'none', isMesh };
  }

  #findAlone(name: string): FoundName {
    const keys = this.#byName.get(name) ?? [];
    for (const namespace of [...this.#home, DEFAULT_NAMESPACE]) {
      const key = serviceKey(namespace, name);
      if (keys.includes(key)) return { type: 'service', key };
    }
    if (keys.length === 0) return { type: 'none', isMesh: false };
    return keys.length === 1 ? { type: 'service', key: keys[0] } : { type: 'ambiguous', keys };
  }

  /** What is known, for somebody who asked for `host` in vain. */
  hint(host: string): string {
    const names = [...this.#keys].map(nameOf);
    if (names.length === 0) return 'no services are known here yet';
    const similar = names.length > COMPARED ? null : this.#closest(host, names);
    if (similar !== null) return `did you mean ${similar}?`;
    const more = names.length > TOLD ? ` and ${names.length - TOLD} more` : '';
    return `services: ${names.slice(0, TOLD).join(', ')}${more}`;
  }

  #closest(host: string, names: readonly string[]): string | null {
    const suffix = SUFFIXES.find((one) => host.endsWith(one)) ?? '';
    const asked = host.slice(0, host.length - suffix.length);
    if (asked.includes('.')) return closestWord(asked, names);
    const name = closestWord(asked, [...this.#byName.keys()]);
    const key = name === null ? undefined : this.#byName.get(name)?.[0];
    return key === undefined ? null : nameOf(key);
  }
}

/** `shop/orders` as programs write it: `orders.shop`. */
export function nameOf(key: ServiceKey): string {
  const slash = key.indexOf('/');
  return `${key.slice(slash + 1)}.${key.slice(0, slash)}`;
}
