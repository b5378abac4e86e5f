import t from 'tap';
import { route, service, viewOf } from '../world.ts';

t.test('appProtocol decides what the bytes are taken for', async (t) => {
  const table = {
    http: 'http1',
    'kubernetes.io/ws': 'http1',
    'kubernetes.io/h2c': 'http2',
    http2: 'http2',
    grpc: 'grpc',
    tcp: 'tcp',
    tls: 'tls',
    https: 'tls',
    'kubernetes.io/wss': 'tls',
    HTTP: 'http1',
    mysql: 'tcp',
    'acme.example/x': 'auto',
  };
  for (const [appProtocol, expected] of Object.entries(table)) {
    const view = viewOf([service('orders', { ports: [{ port: 80, appProtocol }] }), route('r', [{}])]);
    t.equal(view.ports[0]?.protocol, expected, appProtocol);
    t.equal(view.clusters['shop/orders:80']?.protocol, expected, appProtocol);
    t.equal(
      view.ports[0]?.http === null,
      expected === 'tcp' || expected === 'tls',
      `${appProtocol}: routes act on HTTP only`,
    );
  }
  t.equal(viewOf([service('orders')]).ports[0]?.protocol, 'auto', 'absent: sniffed');
});
