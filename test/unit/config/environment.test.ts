import { readFileSync } from 'node:fs';
import t from 'tap';
import { AGENT_VARIABLES, readEnvironment, suspectVariables } from '../../../src/config/environment.ts';

t.test('a misspelt variable is suspected, an unrelated one is not', async (t) => {
  const env = {
    TOWPATH_LOGLEVEL: 'debug',
    TOWPATH_HOTS: 'x',
    TOWPATH_SOMETHING_ELSE: 'x',
    TOWPATH_MESH: 'a',
    PATH: '/',
  };
  t.strictSame(
    suspectVariables(env).map((p) => `${p.path}: ${p.message}`),
    [
      'TOWPATH_LOGLEVEL: unknown variable; did you mean TOWPATH_LOG_LEVEL?',
      'TOWPATH_HOTS: unknown variable; did you mean TOWPATH_HOST?',
    ],
  );
});

t.test('the environment is a copy: what is done to it later changes nothing', async (t) => {
  const env = readEnvironment();
  process.env['TOWPATH_TEST_ONLY'] = 'x';
  t.equal(env['TOWPATH_TEST_ONLY'], undefined);
  delete process.env['TOWPATH_TEST_ONLY'];
});

t.test('docs/agent.md documents every variable', async (t) => {
  const page = readFileSync(new URL('../../../docs/agent.md', import.meta.url), 'utf8');
  for (const { name } of AGENT_VARIABLES) t.match(page, `\`${name}\``);
});
