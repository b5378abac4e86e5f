import t from 'tap';
import { Cluster } from '../../../../src/proxy/endpoints/cluster.ts';
import { Endpoint } from '../../../../src/proxy/endpoints/endpoint.ts';
import { EndpointOwners } from '../../../../src/proxy/endpoints/endpoint-owners.ts';
import { address } from '../../../helpers/proxy-rig.ts';

function cluster(key: string, protocol: 'http1' | 'grpc', ...ports: number[]): Cluster {
  const endpoints = ports.map((port) => ({ endpoint: new Endpoint(address('10.0.0.1', port), 0), weight: 3 }));
  return new Cluster(key, { service: key.split(':')[0], protocol, loadBalancer: 'LeastRequest' }, endpoints);
}

t.test('an endpoint is found with its service and protocol, alone', async (t) => {
  const owners = new EndpointOwners();
  const all = [cluster('shop/web:80', 'http1', 1, 2), cluster('shop/orders:80', 'grpc', 2, 3)];
  const found = owners.find(address('10.0.0.1', 2), () => all);
  t.equal(found?.service, 'shop/orders', 'the first by name');
  t.equal(found?.protocol, 'grpc');
  t.equal(found?.endpoints.length, 1);
  t.equal(found?.endpoints[0].endpoint, all[1].endpoints[0].endpoint, 'the same object, with its connections and load');
  t.equal(
    owners.find(address('10.0.0.1', 2), () => []),
    found,
    'looked up once',
  );
  t.equal(
    owners.find(address('10.0.0.1', 4), () => []),
    null,
  );
  owners.forget();
  t.equal(
    owners.find(address('10.0.0.1', 2), () => []),
    null,
  );
});
