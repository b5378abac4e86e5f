import t from 'tap';
import { loadIdentityKeeper, renewCertificates } from '../../../../src/agent/identity/load-identity-keeper.ts';
import type { AgentConfig } from '../../../../src/config/agent-config.ts';
import { parseAgentConfig } from '../../../../src/config/parse-agent-config.ts';
import { recordingLogger } from '../../../helpers/recording-logger.ts';
import { testCertificateAuthority } from '../../../helpers/test-certificate-client.ts';

function configOf(text: string): AgentConfig {
  const parsed = parseAgentConfig({ name: 'agent.yaml', text }, {}, 'h');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

t.test('certificates go to the data threads, and what they are for with them', async (t) => {
  await using undo = new AsyncDisposableStack();
  const posted: unknown[] = [];
  const threads = { post: async (message: unknown) => void posted.push(message) };
  const text = `{stateDirectory: ${t.testdir()}, workloads: [{name: a, namespace: shop, serviceAccount: web, ports: {http: 80}}]}`;
  const options = { config: configOf(text), standalone: null };
  let changes = 0;
  const keeper = await loadIdentityKeeper(options, threads, () => changes++, recordingLogger().logger, undo);
  keeper?.follow(await testCertificateAuthority(Date.now));
  await keeper?.idle();
  const spiffeId = 'spiffe://example.org/ns/shop/sa/web';
  t.match(posted, [
    { type: 'identity', identity: { identities: [{ spiffeId }], assignments: [{ spiffeId, ports: [80] }] } },
  ]);
  t.equal(changes, 1, 'workloads are registered again with what they can prove');
  t.match(await renewCertificates({ identities: keeper }), { renewals: 2 });
});

t.test('where there can be none', async (t) => {
  await using undo = new AsyncDisposableStack();
  const threads = { post: async () => {} };
  const { logger } = recordingLogger();
  t.equal(await loadIdentityKeeper({ config: configOf(''), standalone: ['x'] }, threads, () => {}, logger, undo), null);
  await t.rejects(renewCertificates({ identities: null }), /standalone/);
  const workloads = Array.from(
    { length: 257 },
    (_, i) => `{name: w${i}, serviceAccount: a${i}, ports: {http: ${i + 1}}}`,
  );
  const config = configOf(`workloads: [${workloads.join()}]`);
  const many = loadIdentityKeeper({ config, standalone: null }, threads, () => {}, logger, undo);
  await t.rejects(many, /257 different accounts; a host may have 256/);
});
