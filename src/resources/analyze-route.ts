import { joinPath } from '../core/schema.ts';
import { attachParent, parentTitle, type RefusalCause } from './attach-parent.ts';
import { CODES } from './codes.ts';
import { type AttachedRule, attachRoutes } from './compile/attach-routes.ts';
import { compileMatch } from './compile/compile-routing.ts';
import { unresolvedBackends } from './conditions-of.ts';
import type { Finding } from './finding.ts';
import type { ResourceIndex } from './resource-index.ts';
import { type HTTPRouteResource, resourceTitle, type ServiceResource } from './types.ts';

const REFUSAL_CODES: Readonly<Record<RefusalCause, string>> = {
  'not-found': CODES.referencedResourceNotFound,
  'consumer-route': CODES.consumerRoute,
  'not-http': CODES.parentNotAttachable,
  'too-many-rules': CODES.droppedRule,
};

/** What one HTTPRoute gets wrong with the resources it refers to. */
export function analyzeRoute(index: ResourceIndex, route: HTTPRouteResource): Finding[] {
  const at = (...path: PropertyKey[]): string => joinPath(resourceTitle(route), ['spec', ...path]);
  const findings: Finding[] = [];
  for (const [i, ref] of route.spec.parentRefs.entries()) {
    const state = attachParent(index, route, ref);
    if (state.type === 'refused') {
      findings.push({
        level: 'error',
        code: REFUSAL_CODES[state.cause],
        message: state.message,
        path: at('parentRefs', i),
      });
    } else if (state.dropped.length > 0) {
      const message = `${parentTitle(route, ref)} has too many matches; rules of this route get no traffic`;
      findings.push({ level: 'error', code: CODES.droppedRule, message, path: at('parentRefs', i) });
    }
  }
  for (const { rule, backendRef, reason, message } of unresolvedBackends(index, route)) {
    const code = reason === 'BackendNotFound' ? CODES.referencedResourceNotFound : CODES.unsupportedBackend;
    findings.push({ level: 'error', code, message, path: at('rules', rule, 'backendRefs', backendRef) });
  }
  for (const [i, { backendRefs }] of route.spec.rules.entries()) {
    if (backendRefs.length === 0 || backendRefs.some(({ weight }) => weight > 0)) continue;
    const message = 'all weights are 0, so every request of this rule is answered 500';
    findings.push({ level: 'warning', code: CODES.noBackendTraffic, message, path: at('rules', i, 'backendRefs') });
  }
  if (route.spec.hostnames.length > 0) {
    findings.push({
      level: 'warning',
      code: CODES.hostnamesIgnored,
      message: 'host names do not select requests in a mesh (GEP-1294)',
      path: at('hostnames'),
      hint: 'match the Host header instead',
    });
  }
  return findings;
}

/** Matches that an earlier rule of the Service's routes takes already: equal conditions, so the later one is never reached. */
export function duplicateMatches(index: ResourceIndex, service: ServiceResource): Finding[] {
  const findings = new Map<string, Finding>();
  for (const port of service.spec.ports) {
    const seen = new Map<string, AttachedRule>();
    for (const attached of attachRoutes(index, service, port).rules) {
      for (const finding of duplicatesOfRule(attached, seen)) findings.set(`${finding.code} ${finding.path}`, finding);
    }
  }
  return [...findings.values()];
}

function duplicatesOfRule(attached: AttachedRule, seen: Map<string, AttachedRule>): Finding[] {
  const path = (...rest: PropertyKey[]): string =>
    joinPath(resourceTitle(attached.route.resource), ['spec', 'rules', attached.index, ...rest]);
  const duplicates: Finding[] = [];
  for (const [i, match] of attached.rule.matches.entries()) {
    const key = JSON.stringify(compileMatch(match, 0));
    const earlier = seen.get(key);
    if (earlier === undefined) seen.set(key, attached);
    else {
      const message = `${describeRule(earlier)} has the same match and takes its requests`;
      duplicates.push({ level: 'warning', code: CODES.duplicateMatch, message, path: path('matches', i) });
    }
  }
  if (duplicates.length < attached.rule.matches.length) return duplicates;
  const message = 'this rule is never reached: earlier rules have the same matches';
  return [...duplicates, { level: 'warning', code: CODES.unreachableRule, message, path: path() }];
}

function describeRule({ route, rule, index }: AttachedRule): string {
  return `rule ${rule.name ?? index} of ${resourceTitle(route.resource)}`;
}
