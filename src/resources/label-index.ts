import { getOrCreate } from './get-or-create.ts';
import type { Labels } from './selector-index.ts';

/** Which labelled things a selector picks: one posting list per namespace, label and value; the shortest list is read. */
export class LabelIndex {
  readonly #labels = new Map<string, Labels>();
  readonly #postings = new Map<string, Set<string>>();

  /** `id` must be removed before it is added with other labels. */
  add(namespace: string, labels: Labels, id: string): void {
    this.#labels.set(id, labels);
    for (const posting of postingsOf(namespace, labels)) getOrCreate(this.#postings, posting, () => new Set()).add(id);
  }

  remove(namespace: string, labels: Labels, id: string): void {
    this.#labels.delete(id);
    for (const posting of postingsOf(namespace, labels)) {
      const ids = this.#postings.get(posting);
      ids?.delete(id);
      if (ids?.size === 0) this.#postings.delete(posting);
    }
  }

  /** How many postings are kept: the labels of everything added, counted once each. */
  get size(): number {
    let total = 0;
    for (const ids of this.#postings.values()) total += ids.size;
    return total;
  }

  /** Ids in the namespace that carry every label of the selector, in no particular order. An empty selector picks none. */
  select(namespace: string, selector: Labels): string[] {
    const lists = postingsOf(namespace, selector).map((posting) => this.#postings.get(posting) ?? new Set<string>());
    const shortest = lists.reduce((a, b) => (b.size < a.size ? b : a), lists[0] ?? new Set<string>());
    return [...shortest].filter((id) => selects(selector, this.#labels.get(id) ?? {}));
  }
}

function postingsOf(namespace: string, labels: Labels): string[] {
  return Object.entries(labels).map(([name, value]) => JSON.stringify([namespace, name, value]));
}

/** Whether the labels carry every label of the selector; an empty one selects all. */
export function selects(selector: Labels, labels: Labels): boolean {
  return Object.entries(selector).every(([name, value]) => Object.hasOwn(labels, name) && labels[name] === value);
}
