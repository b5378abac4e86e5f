import t from 'tap';
import type { Loss } from '../../../../src/proxy/exchange/ends.ts';
import {
  type Again,
  compileRetry,
  decideLostTry,
  type LostTry,
  listsAnswer,
  USUAL_RETRY,
} from '../../../../src/proxy/policy/retry.ts';

const ASKED = compileRetry({ attempts: 2, codes: [503] });
const POST = { repeatable: false };
const GET = { repeatable: true };

function lost(loss: Loss, more: Partial<LostTry>): LostTry {
  return { loss, unprocessed: false, untouched: true, repeatable: true, whole: true, sends: 1, ...more };
}

t.test('a request that may have been acted on is sent again only where that is harmless', (t) => {
  const rows: [string, LostTry, usual: Again, asked: Again][] = [
    ['GET, connection lost', lost('lost', GET), 'again', 'again'],
    ['POST, connection lost', lost('lost', POST), 'never', 'never'],
    ['POST, refused connection', lost('unreachable', { ...POST, unprocessed: true }), 'again', 'again'],
    ['POST, stream refused', lost('reset', { ...POST, unprocessed: true }), 'again', 'again'],
    ['POST, above the last id of a GOAWAY', lost('lost', { ...POST, unprocessed: true }), 'again', 'again'],
    ['POST, stream reset', lost('reset', POST), 'never', 'never'],
    ['GET, stream reset', lost('reset', GET), 'never', 'again'],
    ['GET, one try took too long', lost('slow', GET), 'never', 'again'],
    ['POST, one try took too long', lost('slow', POST), 'never', 'never'],
    ['GET, answer begun', lost('lost', { ...GET, untouched: false }), 'never', 'never'],
    ['GET, malformed answer', lost('malformed', GET), 'never', 'never'],
    ['GET, not whole yet', lost('lost', { ...GET, whole: false }), 'never', 'again'],
    ['GET, no stream in time', lost('crowded', { ...GET, unprocessed: true }), 'again', 'again'],
    ['GET, third send lost', lost('lost', { ...GET, sends: 3 }), 'used-up', 'used-up'],
    ['POST, third endpoint refuses', lost('unreachable', { unprocessed: true, sends: 3 }), 'used-up', 'used-up'],
  ];
  for (const [name, tried, usual, asked] of rows) {
    t.equal(decideLostTry(USUAL_RETRY, tried), usual, `${name}, without a rule`);
    t.equal(decideLostTry(ASKED, tried), asked, `${name}, with a rule`);
  }
  t.end();
});

t.test('the number of tries is that of the rule; what nobody took goes on to another endpoint all the same', (t) => {
  const none = compileRetry({ attempts: 0, codes: [] });
  t.equal(decideLostTry(none, lost('lost', {})), 'used-up');
  t.equal(decideLostTry(none, lost('unreachable', { unprocessed: true })), 'again');
  const many = compileRetry({ attempts: 9, codes: [] });
  t.equal(decideLostTry(many, lost('lost', { sends: 9 })), 'again');
  t.equal(decideLostTry(many, lost('lost', { sends: 10 })), 'used-up');
  t.equal(decideLostTry(many, lost('unreachable', { unprocessed: true, sends: 9 })), 'again');
  t.end();
});

t.test('answers are sent again by HTTP status, or by gRPC status where there is nothing but trailers', (t) => {
  const rules = compileRetry({ attempts: 1, codes: [500, 503], grpcCodes: [14, 0] });
  t.ok(listsAnswer(rules, 503, -1));
  t.ok(listsAnswer(rules, 200, 14));
  t.notOk(listsAnswer(rules, 502, -1));
  t.notOk(listsAnswer(rules, 200, 13));
  t.notOk(listsAnswer(rules, 200, 0), 'OK is never repeated');
  t.notOk(listsAnswer(rules, 200, -1));
  t.notOk(listsAnswer(USUAL_RETRY, 503, -1));
  t.end();
});
