import { POLICY_MEANINGS } from './meanings-policies.ts';
import { REGISTRY_MEANINGS } from './meanings-registry.ts';
import { ROUTE_MEANINGS } from './meanings-routes.ts';
import { SECURITY_MEANINGS } from './meanings-security.ts';
import { SERVICE_MEANINGS } from './meanings-services.ts';

/** Sentences by the end of a path (`timeouts.request`), or by kind and end (`TLSRoute: hostnames`); the longest end counts. */
const MEANINGS: ReadonlyMap<string, string> = new Map(
  [SERVICE_MEANINGS, REGISTRY_MEANINGS, ROUTE_MEANINGS, POLICY_MEANINGS, SECURITY_MEANINGS].flatMap((table) =>
    Object.entries(table),
  ),
);

/** What a field means, or null when nobody has said it yet. `kind`: `*` for fields of every kind. */
export function meaningOf(kind: string, path: string): string | null {
  const parts = path.replaceAll('[]', '').split('.');
  for (let from = 0; from < parts.length; from++) {
    const end = parts.slice(from).join('.');
    const meaning = MEANINGS.get(`${kind}: ${end}`) ?? MEANINGS.get(end);
    if (meaning !== undefined) return meaning;
  }
  return null;
}
