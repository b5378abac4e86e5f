import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { ClaimProof } from '../../../src/agent/control-proof.ts';

t.test('a lie costs the store ten questions, however often it is told', async (t) => {
  let asked = 0;
  const proof = new ClaimProof(
    async () => void asked++,
    () => ({ epoch: 1, gen: 5 }),
  );
  for (let i = 0; i < 1_000; i++) proof.prove({ epoch: 9, gen: 1 });
  await sleep(20);
  t.equal(asked, 1);
  await sleep(1_200);
  t.equal(asked, 10);
});

t.test('it asks until the store says so, and puts up with a store that is away', async (t) => {
  let asked = 0;
  const proof = new ClaimProof(
    async () => {
      if (++asked === 1) throw new Error('away');
    },
    () => (asked < 2 ? null : { epoch: 9, gen: 1 }),
  );
  proof.prove({ epoch: 9, gen: 1 });
  await sleep(300);
  t.equal(asked, 2);
});
