/**
 * How a resource lies in the bucket `towpath_config`: its manifest as JSON, with the `generation` and
 * `creationTimestamp` that control keeps. An operator may put a plain manifest (YAML or JSON) there; it is read the same.
 */
import type { Problem } from '../core/errors.ts';
import { err, ok, type Result } from '../core/result.ts';
import { parseYamlDocuments } from '../core/yaml.ts';
import { contentOf, decodeResource, type Resource, resourceId, type StoredResource } from '../resources/index.ts';

export interface ReadResource {
  readonly resource: Resource;
  /** As the record says; null when it does not, as after a plain `nats kv put`. */
  readonly generation: number | null;
  readonly creationTimestamp: string | null;
}

export function encodeStored(stored: StoredResource): string {
  return JSON.stringify(storedManifest(stored));
}

/** A manifest that says what control keeps, too. */
export function storedManifest({ resource, generation, creationTimestamp }: StoredResource): object {
  const metadata = { ...resource.metadata, generation, creationTimestamp };
  return { apiVersion: resource.apiVersion, kind: resource.kind, metadata, ...contentOf(resource) };
}

/** Reads the record of a key; its kind, namespace and name must be those of the key. */
export function decodeStored(key: string, data: Uint8Array): Result<ReadResource, Problem[]> {
  const documents = parseYamlDocuments(Buffer.from(data).toString('utf8'));
  if (!documents.ok) return documents;
  const [value, ...others] = documents.value;
  if (value === undefined || others.length > 0) {
    return err([{ code: 'TWP1010', message: 'a key holds exactly one resource', path: key }]);
  }
  const decoded = decodeResource(value, '');
  if (!decoded.ok) return decoded;
  const id = resourceId(decoded.value);
  if (id !== key) {
    const message = `the key must be ${id}, the kind, namespace and name of the resource in it`;
    return err([{ code: 'TWP1010', message, path: key, hint: `nats kv put towpath_config ${id} ...` }]);
  }
  return ok({ resource: decoded.value, ...keptFacts(value) });
}

/** What control keeps in a manifest's metadata; null where it is not there, or nonsense. */
export function keptFacts(manifest: unknown): Omit<ReadResource, 'resource'> {
  const generation = memberOf(memberOf(manifest, 'metadata'), 'generation');
  const created = memberOf(memberOf(manifest, 'metadata'), 'creationTimestamp');
  return {
    generation: Number.isSafeInteger(generation) && Number(generation) > 0 ? Number(generation) : null,
    creationTimestamp: typeof created === 'string' && !Number.isNaN(Date.parse(created)) ? created : null,
  };
}

/** In order of keys, but Services first: a first look at a whole store then says of no route that its service is missing. */
export function servicesFirst<R extends { readonly key: string }>(records: readonly R[]): R[] {
  const order = ({ key }: R): number => (key.startsWith('Service.') ? 0 : 1);
  return [...records].sort((a, b) => order(a) - order(b) || (a.key < b.key ? -1 : 1));
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;
}
