import t from 'tap';
import { compileService } from '../../../../src/resources/index.ts';
import { endpointsOf, extension, indexOf, parent, route, routeFilter, service, viewOf } from '../world.ts';

const exact = (value: string): Record<string, unknown> => ({ path: { type: 'Exact', value } });

t.test('routes of several parents and ports merge only where they are attached', async (t) => {
  const two = service('orders', {
    ports: [
      { name: 'a', port: 80 },
      { name: 'b', port: 81 },
    ],
  });
  const index = indexOf(
    two,
    route('all', [{ name: 'all' }]),
    route('by-port', [{ name: 'by-port', matches: [exact('/p')] }], { parentRefs: [parent('orders', { port: 81 })] }),
    route('by-name', [{ name: 'by-name', matches: [exact('/n')] }], {
      parentRefs: [parent('orders', { sectionName: 'a' })],
    }),
    route('neither', [{ name: 'neither' }], { parentRefs: [parent('orders', { port: 80, sectionName: 'b' })] }),
  );
  const view = compileService(index, endpointsOf(), 'shop/orders');
  const rules = view?.ports.map(({ http }) => http?.actions.map(({ rule }) => rule));
  t.same(rules, [
    ['all', 'by-name'],
    ['all', 'by-port'],
  ]);
});

t.test('too many matches on one port: the youngest rules are dropped, the rest is served', async (t) => {
  const rules = Array.from({ length: 2 }, (_, i) => ({
    matches: Array.from({ length: 64 }, (_, j) => ({ path: { value: `/${i}/${j}` } })),
  }));
  const routes = Array.from({ length: 17 }, (_, i) => route(`r${String(i).padStart(2, '0')}`, rules));
  const view = viewOf([service('orders'), ...routes]);
  t.equal(view.ports[0]?.http?.entries.length, 2048);
  t.notOk(view.ports[0]?.http?.actions.some((action) => action.route === 'shop/r16'));
});

t.test('alternatives of cookies count as matches, and too many of them are no rule', async (t) => {
  const cookies = (n: number): unknown[] =>
    Array.from({ length: n }, (_, i) => ({ cookies: [{ name: 'c', value: `v${i}` }] }));
  const filters = ['a', 'b', 'c'].map((name) => routeFilter(name, { matches: cookies(8) }));
  const matches = Array.from({ length: 33 }, (_, i) => ({ path: { value: `/${i}` } }));
  const entries = (names: string[]): number | undefined =>
    viewOf([service('orders'), ...filters, route('r', [{ matches, filters: names.map(extension) }])]).ports[0]?.http
      ?.entries.length;
  t.equal(entries(['a']), 33 * 8);
  t.equal(entries(['a', 'b']), 0, '33 x 64 is more than one port carries');
  t.equal(entries(['a', 'b', 'c']), 0);
  const three = viewOf([service('orders'), ...filters, route('r', [{ filters: ['a', 'b', 'c'].map(extension) }])]);
  t.match(three.ports[0]?.http?.actions[0]?.answer, { status: 500, body: /more than 256 alternatives of cookies/ });
});
