import t from 'tap';
import { NO_RULES } from '../../../../src/contract/telemetry-rules.ts';
import { ConnectionRecord } from '../../../../src/proxy/connection-record.ts';
import { connectionId, requestIdOf } from '../../../../src/proxy/journal/connection-id.ts';
import { Draft } from '../../../../src/proxy/journal/draft.ts';
import { loadRules } from '../../../../src/proxy/journal/load-rules.ts';
import { noteWay } from '../../../../src/proxy/journal/note-way.ts';
import { noteTry, renderTries, type Try } from '../../../../src/proxy/journal/tries.ts';

t.test('tries are told in order, with bounds on their number and words', async (t) => {
  t.equal(renderTries(null, 0), '');
  let tries: Try[] | null = null;
  for (let i = 0; i < 50; i++) tries = noteTry(tries, 100 + i, `ünusual "words" ${'x'.repeat(500)}`, null);
  const told = JSON.parse(`[${renderTries(tries, 100)}]`) as { ms: number; name: string }[];
  t.equal(told.length, 12);
  t.match(told[1], { ms: 1, name: /^\?nusual "words" x+$/, endpoint: '' });
  t.equal(told[0]?.name.length, 120);
  t.ok(renderTries(tries, 100).length < 2048, 'they find room in a record');
  const draft = new Draft(loadRules(NO_RULES));
  draft.startedAt = 90;
  noteWay(draft, null, null, 3, tries);
  t.match(JSON.parse(`[${draft.events}]`)[0], { ms: 10 });
  t.equal(draft.attempts, 3);
});

t.test('a connection keeps its id, and its requests are numbered', async (t) => {
  const nobody = { opened: () => {}, decided: () => {}, moved: () => {}, closed: () => {}, closedTwice: () => {} };
  const [one, other] = [0, 0].map(() => new ConnectionRecord('inbound', null, null, 0, nobody));
  if (one === undefined || other === undefined) throw new Error('no records');
  t.match(connectionId(one), /^[0-9a-f]{10}[0-9a-z]+$/);
  t.equal(connectionId(one), connectionId(one));
  t.not(connectionId(one), connectionId(other));
  one.requests = 7;
  t.equal(requestIdOf(one), `${connectionId(one)}-7`);
});
