import t from 'tap';
import type { Ack } from '../../../src/contract/messages.ts';
import type { LiveAgent } from '../../../src/control/agent-table.ts';
import { programmedBy } from '../../../src/control/programmed.ts';

const ack = (gen: number, errors: Ack['errors'] = []): Ack => ({
  epoch: 1,
  gen,
  result: errors.length === 0 ? 'ACK' : 'NACK',
  errors,
});
const agent = (host: string, answered: Ack | null, services: readonly string[] | null): LiveAgent => ({
  host,
  ack: answered,
  services: services === null ? null : new Set(services),
});
const A = { service: 'shop/a', key: 'svc.shop.a', version: { epoch: 1, gen: 5 } };
const B = { service: 'shop/b', key: 'svc.shop.b', version: { epoch: 1, gen: 9 } };
const refused = (key: string) => ack(9, [{ key, reason: 'no memory left' }]);

for (const [what, agents, views, inDirectory, wanted] of [
  ['nobody lives', [], [A], false, { interested: [], pending: [], rejected: [] }],
  [
    'only who uses it counts',
    [agent('x', ack(5), ['shop/a']), agent('y', null, ['shop/b']), agent('z', null, [])],
    [A],
    false,
    { interested: ['x'], pending: [], rejected: [] },
  ],
  [
    'a newer generation that does not touch it is not waited for',
    [agent('x', ack(5), ['shop/a', 'shop/b'])],
    [A],
    false,
    { interested: ['x'], pending: [] },
  ],
  [
    'of several views each for itself',
    [agent('x', ack(5), ['shop/a']), agent('y', ack(5), ['shop/b'])],
    [A, B],
    false,
    { interested: ['x', 'y'], pending: ['y'] },
  ],
  [
    'what every agent holds is asked of every agent',
    [agent('x', ack(9), ['shop/a']), agent('y', ack(5), [])],
    [{ service: null, key: 'dir.0', version: { epoch: 1, gen: 9 } }],
    true,
    { interested: ['x', 'y'], pending: ['y'], rejected: [] },
  ],
  [
    'the view of a host is asked of that host alone',
    [agent('x', ack(9), null), agent('y', ack(5), [])],
    [{ service: null, host: 'y', key: 'host.y', version: { epoch: 1, gen: 9 } }],
    false,
    { interested: ['y'], pending: ['y'], rejected: [] },
  ],
  ['an older epoch is older', [agent('x', { ...ack(99), epoch: 0 }, ['shop/a'])], [A], false, { pending: ['x'] }],
  [
    'who does not say what it uses counts always',
    [agent('x', ack(4), null)],
    [A],
    false,
    { interested: ['x'], pending: ['x'] },
  ],
  [
    'a refusal of it',
    [agent('x', refused('svc.shop.a'), ['shop/a'])],
    [A],
    false,
    { rejected: [{ host: 'x', reason: 'svc.shop.a: no memory left' }] },
  ],
  [
    'a refusal of something else',
    [agent('x', refused('svc.shop.b'), ['shop/a', 'shop/b'])],
    [A],
    false,
    { interested: ['x'], rejected: [] },
  ],
  [
    'an older refusal is no answer to a newer view',
    [agent('x', { ...refused('svc.shop.b'), gen: 8 }, ['shop/b'])],
    [B],
    false,
    { pending: ['x'], rejected: [] },
  ],
  [
    'the directory is refused',
    [agent('x', refused('dir.0'), [])],
    [A],
    true,
    { interested: [], rejected: [{ host: 'x' }] },
  ],
  [
    'the directory does not matter to a route',
    [agent('x', refused('dir.0'), ['shop/a'])],
    [A],
    false,
    { rejected: [] },
  ],
] as const) {
  t.test(what, async (t) => t.match(programmedBy(agents, views, inDirectory), wanted));
}
