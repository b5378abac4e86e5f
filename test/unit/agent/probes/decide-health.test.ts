import t from 'tap';
import { decideHealth, FIRST_HEALTH } from '../../../../src/agent/probes/decide-health.ts';

/** `+` a probe that passed, `-` one that failed; the answer has `H` healthy or `u` unhealthy after each. */
function play(results: string, successThreshold: number, failureThreshold: number): string {
  let state = FIRST_HEALTH;
  let seen = '';
  for (const result of results) {
    state = decideHealth(state, result === '+', { successThreshold, failureThreshold });
    seen += state.healthy ? 'H' : 'u';
  }
  return seen;
}

const CASES: readonly (readonly [results: string, success: number, failure: number, expected: string])[] = [
  ['+', 1, 3, 'H'],
  ['-', 1, 3, 'u'],
  ['+--+---', 1, 3, 'HHHHHHu'],
  ['+---+', 1, 3, 'HHHuH'],
  ['++-+++', 3, 1, 'uuuuuH'],
  ['+++-+++', 3, 1, 'uuHuuuH'],
  ['+-+-+-', 1, 1, 'HuHuHu'],
  ['+--+--+--', 1, 3, 'HHHHHHHHH'],
];

t.test('health turns only after enough results in a row', async (t) => {
  for (const [results, success, failure, expected] of CASES) {
    t.equal(play(results, success, failure), expected, `${results} with ${success}/${failure}`);
  }
});
