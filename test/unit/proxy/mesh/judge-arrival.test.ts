import t from 'tap';
import { judgeArrival } from '../../../../src/proxy/mesh/judge-arrival.ts';

const TABLE = [
  ['DISABLE', 'mutual_tls', 'disabled'],
  ['DISABLE', 'tls', undefined],
  ['DISABLE', 'none', undefined],
  ['PERMISSIVE', 'mutual_tls', undefined],
  ['PERMISSIVE', 'tls', undefined],
  ['PERMISSIVE', 'none', undefined],
  ['STRICT', 'mutual_tls', undefined],
  ['STRICT', 'tls', 'foreign-tls'],
  ['STRICT', 'none', 'plaintext'],
] as const;

t.test('what each mode lets in, and why not', async (t) => {
  for (const [mode, security, reason] of TABLE) {
    const refused = judgeArrival({ mode, policy: 'shop/p' }, security);
    t.equal(refused?.reason, reason, `${mode}: ${security}`);
    if (refused !== null) t.match(refused.sentence, `PeerAuthentication shop/p (${mode})`);
  }
});
