import t from 'tap';
import { refuse } from '../../../../src/proxy/limits/limit-answer.ts';

const REFUSAL = {
  policy: 'shop/p/global/0',
  limit: { requests: 1_000, windowMs: 10_000 },
  caller: 'shop/web',
  resetMs: 4_200,
  isOutage: false,
};

t.test('what a client is told', async (t) => {
  const cases = [
    [{}, 'RL', '5', 'the limit of shop/web under shop/p/global/0 is reached: 1000 in 10 seconds; try again in 5 s'],
    [
      { resetMs: 0, caller: '' },
      'RL',
      '1',
      'the limit under shop/p/global/0 is reached: 1000 in 10 seconds; try again in 1 s',
    ],
    [
      { limit: { requests: 5, windowMs: 3_600_000 } },
      'RL',
      '5',
      'the limit of shop/web under shop/p/global/0 is reached: 5 in an hour; try again in 5 s',
    ],
    [
      { limit: { requests: 5, windowMs: 1_500 } },
      'RL',
      '5',
      'the limit of shop/web under shop/p/global/0 is reached: 5 in 1500 ms; try again in 5 s',
    ],
    [
      { isOutage: true },
      'RLSE',
      '1',
      'the quota of shop/web under shop/p/global/0 cannot be asked for, and the policy denies requests then',
    ],
  ] as const;
  for (const [change, flag, retry, sentence] of cases) {
    const decision = refuse({ ...REFUSAL, ...change }, 'shop/orders');
    t.match(decision, { type: 'answer', flag, status: 429, sentence, service: 'shop/orders' });
    const fields = decision.type === 'answer' ? (decision.edits?.edits ?? []) : [];
    const value = (name: string) => fields.find((one) => one.name === name)?.value;
    t.equal(value('retry-after'), retry);
    t.equal(value('x-ratelimit-reset'), retry);
    t.equal(value('x-ratelimit-remaining'), '0');
    t.equal(value('x-envoy-ratelimited'), 'true');
  }
  const decision = refuse(REFUSAL, 's');
  t.match(JSON.stringify(decision), /"1000, 1000;w=10"/);
});
