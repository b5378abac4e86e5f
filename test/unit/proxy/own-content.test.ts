import t from 'tap';
import type { HeaderEditView } from '../../../src/contract/views.ts';
import { compileHeaderEdits } from '../../../src/proxy/codec/http1/header-edits.ts';
import { describeContent, editFields, field, isBodiless, NOTHING } from '../../../src/proxy/own-content.ts';

const FIELDS = [field('a', '1'), field('b', '2'), field('a', '3'), field('e', '')];

function edited(view: Partial<HeaderEditView>): string {
  const fields = editFields(FIELDS, compileHeaderEdits({ set: [], add: [], remove: [], ...view }));
  return fields.map(({ name, value }) => `${Buffer.from(name)}=${Buffer.from(value)}`).join(' ');
}

for (const [what, view, wanted] of [
  ['nothing', {}, 'a=1 b=2 a=3 e='],
  ['a name that is set loses what it had', { set: [{ name: 'A', value: 'x' }] }, 'b=2 e= a=x'],
  ['a new one is set', { set: [{ name: 'C', value: 'x' }] }, 'a=1 b=2 a=3 e= c=x'],
  ['what is added goes to the last of its name', { add: [{ name: 'a', value: 'x' }] }, 'b=2 e= a=1 a=3,x'],
  ['to an empty one without a comma', { add: [{ name: 'e', value: 'x' }] }, 'a=1 b=2 a=3 e=x'],
  ['or stands alone', { add: [{ name: 'c', value: 'x' }] }, 'a=1 b=2 a=3 e= c=x'],
  ['what is removed goes', { remove: ['A', 'none'] }, 'b=2 e='],
] as const) {
  t.test(what, (t) => {
    t.equal(edited(view), wanted);
    t.end();
  });
}

t.test('these statuses have no body', (t) => {
  t.same([100, 200, 204, 205, 304, 404].filter(isBodiless), [100, 204, 304]);
  t.end();
});

t.test('what a rule answers, in words', (t) => {
  const redirect = { fields: [field('a', '1'), field('location', 'http://x/')], body: NOTHING };
  t.equal(describeContent(302, redirect), 'the rule answers 302 and leads to http://x/');
  t.equal(
    describeContent(200, { fields: FIELDS, body: Buffer.from('abc') }),
    'the rule answers 200 with a body of 3 bytes',
  );
  t.end();
});
