/** The Gateway API's conformance cases, replayed on real programs. docs/conformance.md is their result table. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { SERVER_NAMES } from '../gateway-api/cases/backend-tls.ts';
import { GROUPS } from '../gateway-api/groups.ts';
import { renderResults } from '../gateway-api/render-results.ts';
import { type CaseResult, Replay } from '../gateway-api/replay.ts';
import { topology } from '../gateway-api/topology.ts';
import { Pki } from '../unit/reactor/tls/support/pki.ts';
import { withLab } from './support/lab.ts';
import { assertSound } from './support/traffic.ts';

t.setTimeout(240_000);
const pki = new Pki();
const certificate = pki.issue({ subject: 'echo', names: SERVER_NAMES });

await withLab(topology(certificate), async (lab) => {
  const replay = new Replay(lab);
  await replay.prepare(GROUPS, pki.ca);
  const results: CaseResult[] = [];
  for (const group of GROUPS) {
    await t.test(group.name, async (t) => {
      for (const result of await replay.run(group)) {
        results.push(result);
        t.equal(result.problem, null, result.name);
      }
    });
  }
  const page = readFileSync(new URL('../../docs/conformance.md', import.meta.url), 'utf8');
  t.equal(page, renderResults(results), 'docs/conformance.md says so; npm run conformance writes it');
  await assertSound(t, lab, ['client', 'consumer', 'echo-v1', 'echo-v2', 'echo-v3']);
});
