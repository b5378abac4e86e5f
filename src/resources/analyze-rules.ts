import { joinPath } from '../core/schema.ts';
import { CODES } from './codes.ts';
import { type AttachedRule, attachRoutes, consumerNamespaces } from './compile/attach-routes.ts';
import { compileRule } from './compile/compile-routing.ts';
import type { Backend } from './compile/resolve-backend.ts';
import type { Finding } from './finding.ts';
import type { Frontend } from './frontend.ts';
import type { ResourceIndex } from './resource-index.ts';
import { resourceTitle } from './types.ts';

/** Matches that an earlier rule of the routes takes already: equal conditions, so the later one is never reached. */
export function duplicateMatches(index: ResourceIndex, service: Frontend): Finding[] {
  const findings = new Map<string, Finding>();
  for (const port of service.spec.ports) {
    for (const rules of ruleSets(index, { service, port })) {
      const seen = new Map<string, AttachedRule>();
      for (const attached of rules) {
        for (const finding of duplicatesOfRule(attached, seen))
          findings.set(`${finding.code} ${finding.path}`, finding);
      }
    }
  }
  return [...findings.values()];
}

/** Producer and consumer routes are never merged. */
function ruleSets(index: ResourceIndex, parent: Backend): (readonly AttachedRule[])[] {
  const namespaces = [parent.service.metadata.namespace, ...consumerNamespaces(index, parent)];
  return namespaces.flatMap((namespace) => {
    const routes = attachRoutes(index, parent, namespace);
    return 'rules' in routes ? [routes.rules] : [];
  });
}

function duplicatesOfRule(attached: AttachedRule, seen: Map<string, AttachedRule>): Finding[] {
  const path = (...rest: PropertyKey[]): string =>
    joinPath(resourceTitle(attached.route.resource), ['spec', 'rules', attached.index, ...rest]);
  const duplicates: Finding[] = [];
  const entries = compileRule(attached, 0);
  const matches = attached.rule.matches.length;
  for (const [i, { entry }] of entries.entries()) {
    const key = JSON.stringify(entry);
    const earlier = seen.get(key);
    if (earlier === undefined) seen.set(key, attached);
    else {
      const message = `${describeRule(earlier)} has the same match and takes its requests`;
      duplicates.push({ level: 'warning', code: CODES.duplicateMatch, message, path: path('matches', i % matches) });
    }
  }
  if (duplicates.length < entries.length) return duplicates;
  const message = 'this rule is never reached: earlier rules have the same matches';
  return [...duplicates, { level: 'warning', code: CODES.unreachableRule, message, path: path() }];
}

function describeRule({ route, rule, index }: AttachedRule): string {
  return `rule ${rule.name ?? index} of ${resourceTitle(route.resource)}`;
}
