/** Names of services as programs write them, and the service that each means: one rule for the explicit mode and for DNS. Pure. */
import { closestWord } from '../core/closest-word.ts';
import { type DirectoryEntry, type ServiceKey, serviceKey } from './views.ts';

export type FoundName =
  | { readonly type: 'service'; readonly key: ServiceKey; readonly entry: DirectoryEntry }
  /** Services of several namespaces have this name, and none of them is nearer than the others. */
  | { readonly type: 'ambiguous'; readonly keys: readonly ServiceKey[] }
  /** `isMesh`: the name can mean nothing but a service. */
  | { readonly type: 'none'; readonly isMesh: boolean };

const SUFFIXES = ['.svc.cluster.local', '.svc', '.mesh'] as const;
const DEFAULT_NAMESPACE = 'default';
/** Names told in a sentence, and services among which a similar one is looked for. */
const TOLD = 5;
/** Names remembered with what they mean. */
const REMEMBERED = 1024;
const COMPARED = 500;
const NONE: FoundName = { type: 'none', isMesh: false };

export class ServiceNames {
  #byName: ReadonlyMap<string, readonly DirectoryEntry[]> = new Map();
  /** Hosts of ServiceEntries; those that begin with `*.` apart. */
  #byHost: ReadonlyMap<string, readonly DirectoryEntry[]> = new Map();
  #byWildcard: ReadonlyMap<string, readonly DirectoryEntry[]> = new Map();
  /** Of the programs of this host, in the order of the agent's file. */
  #home: readonly string[] = [];
  readonly #found = new Map<string, FoundName>();

  setDirectory(services: readonly DirectoryEntry[]): void {
    const byName = new Map<string, DirectoryEntry[]>();
    const byHost = new Map<string, DirectoryEntry[]>();
    const byWildcard = new Map<string, DirectoryEntry[]>();
    for (const entry of services) {
      push(byName, entry.name, entry);
      for (const host of entry.hosts ?? []) push(host.startsWith('*.') ? byWildcard : byHost, host, entry);
    }
    this.#byName = byName;
    this.#byHost = byHost;
    this.#byWildcard = byWildcard;
    this.#found.clear();
  }

  /** Namespaces in which a name without one is looked for first. */
  setHome(namespaces: readonly string[]): void {
    this.#home = [...new Set(namespaces)];
    this.#found.clear();
  }

  /**
   * What `host` means: `service`, `service.namespace`, the latter with `.svc`, `.svc.cluster.local` or `.mesh` behind it, or the
   * host of a ServiceEntry. A name alone is looked for in the namespaces of this host's programs, in `default`, then in all
   * if only one has it.
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

  /**
   * The same for a resolver, which answers in the place of others: a name alone means a service only in the namespaces of this
   * host's programs (`default` where there are none), so that the machines of a local network keep their names.
   */
  findNear(host: string): DirectoryEntry | null {
    if (host.includes('.')) {
      const found = this.find(host);
      return found.type === 'service' ? found.entry : null;
    }
    return this.#alone(host, this.#home.length === 0 ? [DEFAULT_NAMESPACE] : this.#home);
  }

  /** The ServiceEntry one of whose hosts is `*.` and an end of `host`, the longest; null when there is none. */
  findWildcard(host: string): DirectoryEntry | null {
    if (this.#byWildcard.size === 0) return null;
    for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
      const entries = this.#byWildcard.get(`*${host.slice(dot)}`);
      if (entries !== undefined && dot > 0) return this.#nearest(entries);
    }
    return null;
  }

  /** The ServiceEntry that has this host, or a wildcard that it is below; null when none has. */
  findOutside(host: string): DirectoryEntry | null {
    const entries = this.#byHost.get(host);
    return entries === undefined ? this.findWildcard(host) : this.#nearest(entries);
  }

  #find(host: string): FoundName {
    const suffix = SUFFIXES.find((one) => host.endsWith(one)) ?? '';
    const labels = host.slice(0, host.length - suffix.length).split('.');
    const isMesh = suffix !== '';
    if (labels.length === 2) {
      const entry = this.#byName.get(labels[0])?.find(({ namespace }) => namespace === labels[1]);
      if (entry !== undefined) return serviceOf(entry);
    }
    const entries = this.#byHost.get(host);
    if (entries !== undefined) return serviceOf(this.#nearest(entries));
    return labels.length === 1 && !isMesh ? this.#findAlone(host) : { type: 'none', isMesh };
  }

  #findAlone(name: string): FoundName {
    const entry = this.#alone(name, [...this.#home, DEFAULT_NAMESPACE]);
    if (entry !== null) return serviceOf(entry);
    const entries = this.#byName.get(name) ?? [];
    if (entries.length === 0) return NONE;
    return entries.length === 1 ? serviceOf(entries[0]) : { type: 'ambiguous', keys: entries.map(keyOf) };
  }

  #alone(name: string, namespaces: readonly string[]): DirectoryEntry | null {
    const entries = this.#byName.get(name) ?? [];
    for (const namespace of namespaces) {
      const entry = entries.find((one) => one.namespace === namespace);
      if (entry !== undefined) return entry;
    }
    return null;
  }

  /** Several ServiceEntries may name the same host: that of a program's own namespace counts, else the first. */
  #nearest(entries: readonly DirectoryEntry[]): DirectoryEntry {
    return entries.find(({ namespace }) => this.#home.includes(namespace)) ?? entries[0];
  }

  /** What is known, for somebody who asked for `host` in vain. */
  hint(host: string): string {
    const names = [...this.#byName.values()].flatMap((entries) => entries.map((entry) => nameOf(keyOf(entry))));
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
    const entry = name === null ? undefined : this.#byName.get(name)?.[0];
    return entry === undefined ? null : nameOf(keyOf(entry));
  }
}

/** `shop/orders` as programs write it: `orders.shop`. */
export function nameOf(key: ServiceKey): string {
  const slash = key.indexOf('/');
  return `${key.slice(slash + 1)}.${key.slice(0, slash)}`;
}

function keyOf({ namespace, name }: DirectoryEntry): ServiceKey {
  return serviceKey(namespace, name);
}

function serviceOf(entry: DirectoryEntry): FoundName {
  return { type: 'service', key: keyOf(entry), entry };
}

function push(map: Map<string, DirectoryEntry[]>, key: string, entry: DirectoryEntry): void {
  const others = map.get(key);
  if (others === undefined) map.set(key, [entry]);
  else others.push(entry);
}
