import t from 'tap';
import { noteGaps, trafficQuery } from '../../../src/cli/ask-traffic.ts';

const values = { namespace: 'default', window: '60s', inbound: false };

t.test('what is asked', async (t) => {
  t.same(trafficQuery('top', values, undefined), { windowSeconds: 60, side: 'outbound', watch: false });
  t.match(trafficQuery('top', { ...values, namespace: 'shop' }, 'orders'), { service: 'shop/orders' });
  t.match(trafficQuery('top', values, 'shop/orders'), { service: 'shop/orders' });
  t.match(trafficQuery('top', { ...values, window: '5m', inbound: true }, undefined), {
    windowSeconds: 300,
    side: 'inbound',
  });
});

t.test('a window that control does not keep is refused', async (t) => {
  for (const window of ['4s', '6m', '5500ms', 'long'])
    t.throws(() => trafficQuery('top', { ...values, window }, undefined), /--window/, window);
});

t.test('what is missing is said', async (t) => {
  const said: string[] = [];
  const io = { err: (text: string) => void said.push(text) };
  const reply = { windowSeconds: 60, edges: [], services: [] };
  noteGaps({ ...reply, hosts: { reporting: 3, silent: 0 }, truncated: false }, io);
  t.same(said, []);
  noteGaps({ ...reply, hosts: { reporting: 3, silent: 1 }, truncated: true }, io);
  t.same(said, ['1 of 4 hosts have not reported lately\n', 'there is more; name a service\n']);
});
