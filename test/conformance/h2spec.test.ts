/** h2spec (pinned in scripts/setup.sh) against the proxy, case by case: what fails stands in h2spec-exceptions.json, and nothing else does. */
import './support/inside.ts';

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { run } from '../../bench/place/programs.ts';
import type { Labels, Metrics } from '../network/support/metrics.ts';
import { type H2specCase, readReport } from './support/h2spec-report.ts';
import { folder } from './support/inside.ts';
import { addressOf } from './support/mesh.ts';
import { Rig } from './support/rig.ts';
import { toolPath } from './support/tools.ts';

/** Cases of the pinned version, strict ones included: fewer would prove less. */
const CASES = 147;
const EXCEPTIONS = join(import.meta.dirname, 'h2spec-exceptions.json');

t.setTimeout(120_000);
const h2spec = toolPath('h2spec');
const rig = await Rig.start(t, { web: 'kubernetes.io/h2c' });
const { web } = rig.services;

writeFileSync(join(folder, 'index.html'), 'hello\n');
await rig.serve(web, ['nghttpd', '--no-tls', '-d', folder, String(web.port)]);

async function runH2spec(): Promise<readonly H2specCase[]> {
  const { host, port } = addressOf(web);
  const report = join(folder, 'report.xml');
  const command = [h2spec, '-h', host, '-p', String(port), '--strict', '-o', '3', '-j', report];
  // Status 1 means that a case failed: the report says which.
  await run(command, 90_000).catch(() => undefined);
  return readReport(readFileSync(report, 'utf8'));
}

/**
 * What only an engine of HTTP/2 counts: connections that it ended for errors of the peer, requests that it found malformed, and requests
 * in all. 1,000 of those are the streams of one case that opens one more than SETTINGS_MAX_CONCURRENT_STREAMS allows.
 */
const COUNTED = { connections: 151, refused: 63, malformed: 13, requests: 1085 };

function countedBetween(before: Metrics, after: Metrics): typeof COUNTED {
  const grown = (name: string, labels: Labels): number => after.value(name, labels) - before.value(name, labels);
  return {
    connections: grown('towpath_verdicts_total', { side: 'outbound', verdict: 'http2', reason: 'declared' }),
    refused: grown('towpath_connections_closed_total', { side: 'outbound', verdict: 'http2', ending: 'refused' }),
    malformed: grown('towpath_requests_total', { side: 'outbound', code: 400, flags: 'DPE' }),
    requests: grown('towpath_requests_total', { side: 'outbound' }),
  };
}

await t.test('every case of h2spec passes, but for those that RFC 9113 changed', async (t) => {
  const exceptions = JSON.parse(readFileSync(EXCEPTIONS, 'utf8')) as Readonly<Record<string, string>>;
  await rig.countsBy(t, countedBetween, COUNTED, async () => {
    const cases = await runH2spec();
    t.equal(cases.length, CASES);
    const failed = cases.filter((one) => one.failure !== null);
    const found = failed.map(({ name }) => name).sort();
    t.same(found, Object.keys(exceptions).sort(), failed.map((one) => `${one.name}: ${one.failure}`).join('\n'));
  });
});

await t.test('the agent is sound at the end', async (t) => rig.assertSound(t));
