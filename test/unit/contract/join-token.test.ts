import t from 'tap';
import { decodeJoinToken, encodeJoinToken } from '../../../src/contract/join-token.ts';

const TOKEN = {
  v: 1,
  mesh: 'default',
  id: 'abc',
  servers: ['tls://10.0.0.1:4222'],
  ca: 'PEM',
  jwt: 'a.b.c',
  seed: 'SUA',
  expiresMs: 1,
  host: null,
} as const;

t.test('one line there and back', async (t) => {
  const line = encodeJoinToken({ ...TOKEN, servers: [...TOKEN.servers] });
  t.match(line, /^towpath-join-[A-Za-z0-9_-]+$/);
  t.same(decodeJoinToken(`  ${line}\n`), { ok: true, value: TOKEN });
});

t.test('what is no token is told apart, and never repeated', async (t) => {
  const line = encodeJoinToken({ ...TOKEN, servers: [...TOKEN.servers] });
  const raw = (value: unknown): string => `towpath-join-${Buffer.from(JSON.stringify(value)).toString('base64url')}`;
  for (const [text, expected] of [
    ['', /begins with towpath-join-/],
    ['secret', /begins with towpath-join-/],
    [line.slice(0, -20), /damaged/],
    [raw({ ...TOKEN, v: 2 }), /another version/],
    [raw({ ...TOKEN, servers: ['nats://10.0.0.1'] }), /damaged/],
    [raw({ ...TOKEN, mesh: 'a.>' }), /damaged/],
    [raw({ ...TOKEN, more: 1 }), /damaged/],
    [`towpath-join-${'A'.repeat(20_000)}`, /longer/],
  ] as const) {
    const decoded = decodeJoinToken(text);
    t.notOk(decoded.ok);
    if (!decoded.ok) t.match(decoded.error, expected);
    if (!decoded.ok && text !== '') t.notMatch(decoded.error, text);
  }
});
