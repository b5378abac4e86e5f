/** Which other resources a resource names. Pure, and the same for every kind: references look alike in all of them. */
import { contentOf, type Resource } from './types.ts';

export interface Reference {
  /** `<Kind>.<namespace>.<name>`; the kind may be none of ours. */
  readonly id: string;
  /** The member that it stands in: `parentRefs`, `backendRefs`, `targetRefs`. */
  readonly by: string;
}

/** Each reference once, in the order of the manifest: objects with a `name` under members called `...Ref` or `...Refs`. */
export function referencesOf(resource: Resource): Reference[] {
  const found = new Map<string, Reference>();
  collect(contentOf(resource), '', resource.metadata.namespace, (reference) => {
    found.set(`${reference.by} ${reference.id}`, reference);
  });
  return [...found.values()];
}

function collect(value: unknown, by: string, namespace: string, add: (reference: Reference) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) collect(item, by, namespace, add);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  const members = value as Readonly<Record<string, unknown>>;
  if (/Refs?$/.test(by) && typeof members['name'] === 'string') {
    const kind = typeof members['kind'] === 'string' ? members['kind'] : 'Service';
    const home = typeof members['namespace'] === 'string' ? members['namespace'] : namespace;
    add({ id: `${kind}.${home}.${members['name']}`, by });
  }
  for (const [name, member] of Object.entries(members)) collect(member, name, namespace, add);
}
