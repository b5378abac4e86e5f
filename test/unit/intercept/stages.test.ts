import t from 'tap';
import { firstOf, type Stage, stageRules } from '../../../src/intercept/stages.ts';

const users: Stage = { chain: 'USERS', choices: [[{ type: 'uid', id: 1 }], [{ type: 'uid', id: 2 }]], reason: 'user' };
const nothing: Stage = { chain: 'NOTHING', choices: [], reason: 'nothing' };

t.test('without lists everything goes straight to the redirect', async (t) => {
  t.same(firstOf([], 'REDIRECT'), { type: 'goto', chain: 'REDIRECT' });
  t.same(stageRules([], 'REDIRECT'), []);
});

t.test('each entry of a list leads to the next list, the last to the redirect', async (t) => {
  t.same(firstOf([users, nothing], 'REDIRECT'), { type: 'goto', chain: 'USERS' });
  t.same(
    stageRules([users, nothing, { ...users, chain: 'LAST' }], 'REDIRECT').map((rule) => [rule.chain, rule.target]),
    [
      ['USERS', { type: 'goto', chain: 'NOTHING' }],
      ['USERS', { type: 'goto', chain: 'NOTHING' }],
      ['LAST', { type: 'goto', chain: 'REDIRECT' }],
      ['LAST', { type: 'goto', chain: 'REDIRECT' }],
    ],
  );
});
