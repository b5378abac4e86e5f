import t from 'tap';
import { chooseScenario, MIX_NAMES } from '../../soak/mix.ts';

t.test('every scenario comes up, and no other number is taken', async (t) => {
  const chosen = new Set(Array.from({ length: 10_000 }, (_, i) => chooseScenario(i / 10_000).name));
  t.same([...chosen].sort(), [...MIX_NAMES].sort());
  t.equal(chooseScenario(0).name, MIX_NAMES[0]);
  t.throws(() => chooseScenario(1), /not below 1/);
});
