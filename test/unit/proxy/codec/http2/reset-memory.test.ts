import t from 'tap';
import { ResetMemory } from '../../../../../src/proxy/codec/http2/reset-memory.ts';

t.test('the streams reset last are known, others are not', (t) => {
  const memory = new ResetMemory();
  t.equal(memory.mayHave(1), false);
  for (let id = 1; id < 512; id += 2) memory.add(id);
  t.equal(memory.mayHave(1), true);
  t.equal(memory.mayHave(511), true);
  t.equal(memory.mayHave(513), false);
  t.end();
});

t.test('after more than it can know, it gives everyone the benefit of the doubt', (t) => {
  const memory = new ResetMemory();
  for (let id = 1; id <= 513; id += 2) memory.add(id);
  t.equal(memory.mayHave(1), true);
  t.equal(memory.mayHave(9_999), true);
  t.end();
});
