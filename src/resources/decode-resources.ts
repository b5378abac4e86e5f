import type { Problem } from '../core/errors.ts';
import { err, ok, type Result } from '../core/result.ts';
import { parseYamlDocuments } from '../core/yaml.ts';
import { CODES } from './codes.ts';
import { decodeResource } from './decode-resource.ts';
import { type Resource, resourceId, resourceTitle } from './types.ts';

/** Each takes up to a ms to compile, and whoever admits a text does nothing else meanwhile. */
const MAX_PATTERNS = 1024;

/**
 * Every resource of a YAML or JSON text: several documents, or a Kubernetes `List`. All problems of all documents at
 * once, or all resources. `source` (a file name, say) begins every path. A resource that appears twice is a problem.
 */
export function decodeResources(text: string, source: string): Result<Resource[], Problem[]> {
  const documents = parseYamlDocuments(text);
  if (!documents.ok) {
    return err(documents.error.map((p) => ({ ...p, path: joinWords(source, p.path ?? '') })));
  }
  const resources = new Map<string, Resource>();
  const problems: Problem[] = [];
  const values = documents.value.flatMap(itemsOf);
  if (countPatterns(values, 0) > MAX_PATTERNS) return err([patternProblem(source)]);
  for (const [i, value] of values.entries()) {
    const decoded = decodeResource(
      value,
      values.length > 1 && !isNamed(value) ? joinWords(source, `document ${i + 1}`) : source,
    );
    if (!decoded.ok) {
      problems.push(...decoded.error);
      continue;
    }
    const id = resourceId(decoded.value);
    if (resources.has(id)) problems.push(duplicateProblem(decoded.value, source));
    resources.set(id, decoded.value);
  }
  return problems.length > 0 ? err(problems) : ok([...resources.values()]);
}

/** How often a value says that something is a regular expression; it stops counting beyond the limit. */
function countPatterns(value: unknown, before: number): number {
  if (value === 'RegularExpression') return before + 1;
  if (typeof value !== 'object' || value === null) return before;
  let count = before;
  for (const member of Object.values(value)) {
    if (count > MAX_PATTERNS) return count;
    count = countPatterns(member, count);
  }
  return count;
}

function patternProblem(source: string): Problem {
  return {
    code: CODES.limitExceeded,
    message: `more than ${MAX_PATTERNS} regular expressions in one text`,
    ...(source === '' ? {} : { path: source }),
    hint: 'apply the resources in several steps',
  };
}

function duplicateProblem(resource: Resource, source: string): Problem {
  const title = resourceTitle(resource);
  return {
    code: CODES.duplicateResource,
    message: 'this resource appears more than once',
    path: joinWords(source, title),
    hint: 'keep one of them, or give them different names',
  };
}

/** `kubectl get -o yaml` prints several resources as one List. */
function itemsOf(document: unknown): readonly unknown[] {
  if (typeof document !== 'object' || document === null || !('kind' in document) || !('items' in document)) {
    return [document];
  }
  return document.kind === 'List' && Array.isArray(document.items) ? document.items : [document];
}

/** A resource with a name is told from the others by it; one without by its place. */
function isNamed(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('metadata' in value)) return false;
  const { metadata } = value;
  return typeof metadata === 'object' && metadata !== null && 'name' in metadata && typeof metadata.name === 'string';
}

function joinWords(...words: readonly string[]): string {
  return words.filter((word) => word !== '').join(': ');
}
