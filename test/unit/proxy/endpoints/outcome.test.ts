import t from 'tap';
import { latencyOf, type Outcome, statusOf } from '../../../../src/proxy/endpoints/outcome.ts';

const answer = (status: number, grpcStatus = -1): Outcome => ({ type: 'answer', status, grpcStatus, seconds: 0.25 });

for (const [outcome, status, latency] of [
  [answer(200), 200, 250],
  [answer(503), 503, 250],
  [answer(429), 429, 5000],
  [answer(200, 0), 200, 250],
  [answer(200, 8), 429, 5000],
  [answer(200, 14), 503, 250],
  [answer(200, 4), 504, 250],
  [answer(200, 2), 500, 250],
  [answer(200, 5), 404, 250],
  [answer(200, 1), 499, 250],
  [{ type: 'connected' }, 200, -1],
  [{ type: 'local-failure', cause: 'connect' }, 503, 5000],
  [{ type: 'local-failure', cause: 'reset' }, 503, 5000],
  [{ type: 'local-failure', cause: 'timeout' }, 504, 5000],
] as const) {
  t.test(JSON.stringify(outcome), async (t) => {
    t.equal(statusOf(outcome), status);
    t.equal(latencyOf(outcome), latency);
  });
}
