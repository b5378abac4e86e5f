import t from 'tap';
import {
  DEFAULT_JSON,
  DEFAULT_TEXT,
  fieldsOf,
  parseJsonFormat,
  parseTextFormat,
} from '../../../src/contract/log-format.ts';

t.test('Envoy operators are taken apart', async (t) => {
  const parsed = parseTextFormat('%START_TIME(%s.%3f)% 100%% "%REQ(X-A?:PATH):10%"');
  t.strictSame(parsed.ok && parsed.value, {
    type: 'text',
    pieces: [
      { operator: { name: 'START_TIME', type: 'text', args: ['%s.%3f'], most: 0 } },
      { literal: ' 100% "' },
      { operator: { name: 'REQ', type: 'text', args: ['x-a', ':path'], most: 10 } },
      { literal: '"' },
    ],
  });
});

t.test('what cannot be said is refused with its place', async (t) => {
  for (const [format, sentence] of [
    ['%NO_SUCH%', /there is no operator %NO_SUCH% here \(character 1\)/],
    ['a %', /"%" is no command operator; a percent sign is written %% \(character 3\)/],
    ['%REQ()%', /takes the name of a field/],
    ['%REQ(A?B?C)%', /takes the name of a field/],
    ['%REQ(a b)%', /takes the name of a field/],
    ['%REQ(:nonsense)%', /takes the name of a field/],
    ['%START_TIME(%Y)%', /knows the formats/],
    ['%TOWPATH(what)%', /knows direction, service/],
    ['%PROTOCOL(x)%', /takes no argument/],
    ['%REQ(a):x%', /is no command operator/],
  ] as const) {
    const parsed = parseTextFormat(format);
    t.match(parsed.ok ? 'it was taken' : parsed.error.message, sentence, format);
  }
  t.match(parseJsonFormat({ a: '%PROTOCOL%', b: '%X%' }), { ok: false, error: { message: /%X% here .* of "b"$/ } });
});

t.test('the defaults hold, and say which fields they need', async (t) => {
  const text = parseTextFormat(DEFAULT_TEXT);
  const json = parseJsonFormat(DEFAULT_JSON);
  if (!text.ok || !json.ok) throw new Error('the defaults are wrong');
  t.same(fieldsOf(json.value), { request: ['x-envoy-original-path', 'x-forwarded-for', 'user-agent'], answer: [] });
  t.same(fieldsOf(text.value).answer, []);
});
