import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { loadAgentConfig } from '../../../src/config/load-agent-config.ts';
import { UserError } from '../../../src/core/errors.ts';

t.test('a file is read and its name begins every path', async (t) => {
  const file = join(t.testdir({ 'agent.yaml': 'mesh: shop\n' }), 'agent.yaml');
  t.equal((await loadAgentConfig(file, {})).mesh, 'shop');
  writeFileSync(file, 'mesh: 3\nlgo: 1\n');
  const error = await loadAgentConfig(file, {}).catch((e: unknown) => e);
  if (!(error instanceof UserError)) throw new Error('expected a UserError');
  t.strictSame(
    error.problems.map((p) => p.path),
    [`${file}: mesh`, `${file}: lgo`],
  );
});

t.test('a file that is missing, a directory or huge gets one sentence', async (t) => {
  const folder = t.testdir({ 'huge.yaml': 'x'.repeat(3 * 1024 * 1024) });
  await t.rejects(loadAgentConfig(join(folder, 'no.yaml'), {}), { message: /no\.yaml: there is no such file/ });
  await t.rejects(loadAgentConfig(folder, {}), { message: /cannot read the agent file/ });
  await t.rejects(loadAgentConfig(join(folder, 'huge.yaml'), {}), { message: /larger than 2 MiB/ });
});

t.test('the shipped example decodes', async (t) => {
  const file = new URL('../../../examples/agent.yaml', import.meta.url).pathname;
  const config = await loadAgentConfig(file, {});
  t.equal(config.workloads.length > 0, true);
});
