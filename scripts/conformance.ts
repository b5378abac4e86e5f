/** `npm run conformance`: replays the Gateway API's cases in a lab of its own and writes docs/conformance.md. Needs root. */
import { writeFileSync } from 'node:fs';
import { SERVER_NAMES } from '../test/gateway-api/cases/backend-tls.ts';
import { GROUPS } from '../test/gateway-api/groups.ts';
import { renderResults } from '../test/gateway-api/render-results.ts';
import { type CaseResult, Replay } from '../test/gateway-api/replay.ts';
import { topology } from '../test/gateway-api/topology.ts';
import { withLab } from '../test/network/support/lab.ts';
import { Pki } from '../test/unit/reactor/tls/support/pki.ts';

const PAGE = new URL('../docs/conformance.md', import.meta.url);
const pki = new Pki();
const certificate = pki.issue({ subject: 'echo', names: SERVER_NAMES });
const filters = process.argv.slice(2);
const groups = GROUPS.filter(({ name }) => filters.length === 0 || filters.some((filter) => name.includes(filter)));

const results = await withLab(topology(certificate), async (lab) => {
  const replay = new Replay(lab);
  await replay.prepare(GROUPS, pki.ca);
  const found: CaseResult[] = [];
  for (const group of groups) {
    const ofGroup = await replay.run(group);
    found.push(...ofGroup);
    const failed = ofGroup.filter(({ problem }) => problem !== null);
    process.stdout.write(`${group.name}: ${ofGroup.length - failed.length} of ${ofGroup.length}\n`);
    for (const { name, problem } of failed) process.stdout.write(`   ${name}: ${problem}\n`);
  }
  return found;
});
if (filters.length === 0) writeFileSync(PAGE, renderResults(results));
process.exitCode = results.every(({ problem }) => problem === null) ? 0 : 1;
