import t from 'tap';
import { decideFailure, type Situation, wordTimeout } from '../../../../src/proxy/exchange/decide-failure.ts';
import type { Loss } from '../../../../src/proxy/exchange/ends.ts';

const SERVICE: Situation = {
  where: '10.0.0.1:80',
  attempts: 2,
  isOriginal: false,
  answerBegun: false,
  client: 'http2',
};

t.test('each loss is answered, cut or refused', async (t) => {
  const rows: [Loss, number, Partial<Situation>, object][] = [
    [
      'unreachable',
      0,
      {},
      { type: 'answer', flag: 'UF', status: 503, sentence: 'cannot connect to 10.0.0.1:80 (attempt 2): why' },
    ],
    ['unreachable', 0, { isOriginal: true }, { type: 'refuse', reason: 'why' }],
    ['crowded', 0, {}, { type: 'answer', flag: 'UO', status: 503, sentence: '10.0.0.1:80: why' }],
    ['full', 0, {}, { type: 'answer', flag: 'UO', status: 503, sentence: 'why' }],
    ['slow', 0, {}, { type: 'answer', flag: 'UT', status: 504, sentence: '10.0.0.1:80: why (attempt 2)' }],
    ['malformed', 1, {}, { type: 'answer', flag: 'UPE', status: 502 }],
    ['lost', -1, {}, { type: 'answer', flag: 'UC', status: 503, sentence: '10.0.0.1:80: why before it answered' }],
    ['lost', -1, { answerBegun: true }, { flag: 'UC', sentence: '10.0.0.1:80: why before its answer was complete' }],
    ['lost', -1, { isOriginal: true }, { type: 'cut', flag: 'UC', code: 2, reason: 'why' }],
    ['reset', 8, {}, { type: 'cut', flag: 'UR', code: 8 }],
    ['reset', 0, {}, { type: 'cut', flag: 'UR', code: 2 }],
    [
      'reset',
      8,
      { client: 'http1' },
      { type: 'answer', flag: 'UR', status: 503, sentence: '10.0.0.1:80 reset the request with CANCEL' },
    ],
  ];
  for (const [loss, code, situation, expected] of rows)
    t.match(
      decideFailure(loss, code, 'why', { ...SERVICE, ...situation }),
      expected,
      `${loss} ${JSON.stringify(situation)}`,
    );
});

t.test('a timeout is worded with who allowed how much', async (t) => {
  t.equal(wordTimeout('shop/r/0', 99.6), 'no complete answer within 100 ms (route shop/r/0)');
  t.equal(wordTimeout('', 5), 'no complete answer within 5 ms (as the caller allows)');
});
