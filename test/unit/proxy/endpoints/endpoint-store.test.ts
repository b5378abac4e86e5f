import t from 'tap';
import type { UpstreamTlsView } from '../../../../src/contract/views.ts';
import { EndpointStore } from '../../../../src/proxy/endpoints/endpoint-store.ts';
import { address } from '../../../helpers/proxy-rig.ts';

t.test('one address is one endpoint, with the mark of its store', async (t) => {
  const store = new EndpointStore(7);
  const endpoint = store.get(address('10.0.0.1', 80));
  t.equal(store.get(address('10.0.0.1', 80)), endpoint);
  t.not(store.get(address('10.0.0.1', 81)), endpoint);
  t.not(store.get(address('::1', 80)), endpoint);
  t.equal(endpoint.mark, 7);
  t.equal(endpoint.text, '10.0.0.1:80');
});

t.test('forgotten is what neither a view, nor a request in flight, nor the last minute needs', async (t) => {
  const store = new EndpointStore(0);
  const kept = (): string[] => [...store.all()].map((e) => e.text);
  const now = 10_000_000;
  store.get(address('10.0.0.1', 1)).references = 1;
  store.get(address('10.0.0.1', 2)).active = 1;
  store.get(address('10.0.0.1', 3)).lastUsed = now - 59_000;
  store.get(address('10.0.0.1', 4)).lastUsed = now - 60_000;
  store.get(address('10.0.0.1', 5));
  t.same(store.prune(now), []);
  t.same(kept(), ['10.0.0.1:1', '10.0.0.1:2', '10.0.0.1:3', '10.0.0.1:5'], 'one just made has not been used yet');
  store.prune(now + 60_000);
  t.same(kept(), ['10.0.0.1:1', '10.0.0.1:2']);
});

t.test(
  'an address under other TLS settings is another endpoint, and settings go with the last of theirs',
  async (t) => {
    const store = new EndpointStore(0);
    const at = address('10.0.0.1', 443);
    const view = (serverName: string): UpstreamTlsView => {
      return { serverName, hosts: [serverName], uris: [], trusted: { type: 'system' } };
    };
    const first = store.securedBy(view('a.example'));
    t.equal(store.securedBy(view('a.example')), first, 'equal settings are one');
    t.equal(store.securedBy(undefined), null);
    const plain = store.get(at);
    const secured = store.get(at, first);
    t.not(secured, plain);
    t.equal(store.get(at, first), secured);
    t.not(store.get(at, store.securedBy(view('b.example'))), secured);
    secured.references = 1;
    store.prune(1);
    store.prune(100_000);
    t.equal(store.securedBy(view('a.example')), first, 'still in use');
    secured.references = 0;
    store.prune(200_000);
    t.not(store.securedBy(view('a.example')), first, 'forgotten with its endpoint');
  },
);
