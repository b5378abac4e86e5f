import { getOrCreate } from './get-or-create.ts';

/**
 * Which selectors match a set of labels, without looking at every selector: selectors are grouped by the set of their
 * label names, of which a namespace has few, and inside a group the values are looked up by hash.
 */
export type Labels = Readonly<Record<string, string>>;

interface Group {
  readonly names: readonly string[];
  /** Values in the order of `names` -> owners of exactly that selector. */
  readonly owners: Map<string, Set<string>>;
}

/** Selectors by namespace. Adding and removing cost the selector; matching costs the sets of label names in use. */
export class SelectorIndex {
  readonly #namespaces = new Map<string, Map<string, Group>>();

  /** An empty selector matches nothing and is not kept. */
  add(namespace: string, selector: Labels, owner: string): void {
    const names = Object.keys(selector).sort();
    if (names.length === 0) return;
    const groups = getOrCreate(this.#namespaces, namespace, () => new Map<string, Group>());
    const group = getOrCreate(groups, JSON.stringify(names), (): Group => ({ names, owners: new Map() }));
    getOrCreate(group.owners, valuesOf(names, selector), () => new Set<string>()).add(owner);
  }

  remove(namespace: string, selector: Labels, owner: string): void {
    const names = Object.keys(selector).sort();
    const groups = this.#namespaces.get(namespace);
    const group = groups?.get(JSON.stringify(names));
    const values = valuesOf(names, selector);
    const owners = group?.owners.get(values);
    owners?.delete(owner);
    if (owners?.size === 0) group?.owners.delete(values);
    if (group?.owners.size === 0) groups?.delete(JSON.stringify(names));
    if (groups?.size === 0) this.#namespaces.delete(namespace);
  }

  /** Owners whose selector is contained in `labels`. */
  matching(namespace: string, labels: Labels): string[] {
    const found: string[] = [];
    for (const { names, owners } of this.#namespaces.get(namespace)?.values() ?? []) {
      if (names.every((name) => Object.hasOwn(labels, name)))
        found.push(...(owners.get(valuesOf(names, labels)) ?? []));
    }
    return found;
  }
}

function valuesOf(names: readonly string[], labels: Labels): string {
  return JSON.stringify(names.map((name) => labels[name]));
}
