/** The page docs/conformance.md. */
import type { CaseResult } from './replay.ts';

/** Cases that differ from upstream on purpose, or have no twin there. */
const NOTES: Readonly<Record<string, string>> = {
  HTTPRouteNoBackendRefs: 'upstream wants 500 of gateways; a mesh sends to the parent Service (GEP-1686)',
  HTTPRouteBackendResponseHeaderModifier: 'our own: upstream tests this for requests alone',
  HTTPRouteInvalidBackendShare: 'our own',
  GRPCRouteInvalidBackendRef: 'our own',
  GRPCRouteBeatsHTTPRoute: 'our own',
  HTTPRouteMatchingAcrossRoutes: 'without host names, which a mesh does not interpret (GEP-1294)',
  HTTPRouteRetry: 'with a retry budget of 1,000 in a second, for all cases run at once',
  HTTPRouteRedirectPortAndScheme: 'without the HTTPS listener, which only gateways have',
  HTTPRouteObservedGenerationBump: 'the conditions; generations are tested with control',
};

const HEAD = `# Gateway API conformance

The mesh tests and the north-south tests of the Gateway API's own suite (version 1.6), as case tables and manifests of the same meaning
([test/gateway-api](../test/gateway-api)), replayed in the lab: unmodified clients and servers on five hosts, every host with an agent. North-south tests
run with a Service as parent instead of a Gateway. Beyond upstream, Location, path and query are asserted too. \`npm test\` runs all of it and fails
when this page says something else; \`npm run conformance\` writes it.

`;

export function renderResults(results: readonly CaseResult[]): string {
  const passed = results.filter(({ problem }) => problem === null).length;
  const rows = results.map(({ group, name, problem }) => {
    const note = problem === null ? (NOTES[group] ?? '') : problem.replaceAll('|', '\\|');
    return `| ${group}: ${name.replaceAll('|', '\\|')} | ${problem === null ? 'pass' : 'fail'} | ${note} |\n`;
  });
  return `${HEAD}${passed} of ${results.length} cases pass.\n\n| case | pass or fail | note |\n|---|---|---|\n${rows.join('')}`;
}
