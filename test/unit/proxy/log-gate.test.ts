import t from 'tap';
import { LogGate } from '../../../src/proxy/log-gate.ts';

t.test('a storm is cut to fifty lines a second, and what was dropped is told with the next line', async (t) => {
  const lines: string[] = [];
  const gate = new LogGate((message) =>
    lines.push(`${message.level} ${message.message} ${message.fields['dropped'] ?? ''}`),
  );
  for (let i = 0; i < 70; i++) gate.problem('storm', {}, 1_000 + i);
  t.equal(lines.length, 50);
  gate.problem('calm', {}, 2_000);
  t.same(lines.slice(50), ['warn log lines of the data thread were dropped 20', 'error calm ']);
  gate.problem('calm', {}, 3_000);
  t.equal(lines.length, 53, 'told once');
});
