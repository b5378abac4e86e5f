import t from 'tap';
import { ThreadState } from '../../../src/agent/thread-state.ts';
import { exampleDirectory, exampleService } from '../../helpers/example-views.ts';

t.test(
  'a new thread hears the newest of each, services last removed not at all, and draining at the end',
  async (t) => {
    const state = new ThreadState();
    t.same(state.messages(), []);
    const { services } = exampleDirectory(2);
    state.remember({ type: 'drain' });
    state.remember({ type: 'service', service: exampleService('orders', 1) });
    state.remember({ type: 'service', service: exampleService('cache', 1) });
    state.remember({ type: 'service', service: exampleService('orders', 2) });
    state.remember({ type: 'service-removed', key: 'shop/cache' });
    state.remember({ type: 'directory', services: [] });
    state.remember({ type: 'directory', services });
    state.remember({ type: 'inbound', workloads: [] });
    const identity = (trustDomain: string) =>
      ({ type: 'identity', identity: { trustDomain, roots: '', identities: [], assignments: [] } }) as const;
    state.remember(identity('old.example'));
    state.remember(identity('mesh.example'));
    state.remember({ type: 'dump' });
    const health = (address: string, passes: boolean | null) =>
      ({ type: 'endpoint-health', cluster: 'shop/orders:80', address, passes }) as const;
    state.remember(health('10.0.0.1:1', true));
    state.remember(health('10.0.0.1:2', false));
    state.remember(health('10.0.0.1:1', false));
    state.remember(health('10.0.0.1:2', null));
    t.same(state.messages(), [
      identity('mesh.example'),
      { type: 'directory', services },
      { type: 'inbound', workloads: [] },
      { type: 'service', service: exampleService('orders', 2) },
      health('10.0.0.1:1', false),
      { type: 'drain' },
    ]);
  },
);
