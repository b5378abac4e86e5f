/**
 * Files of views as version 0.1.0 wrote them before views had optional members: an agent that was upgraded starts from such a file
 * while control is away.
 */
import t from 'tap';
import { decodeSnapshot } from '../../../../src/agent/views/encode-snapshot.ts';
import { ConnectionRecord } from '../../../../src/proxy/connection-record.ts';
import { decideRequest, type RequestDecision } from '../../../../src/proxy/decide-request.ts';
import { address, ProxyRig } from '../../../helpers/proxy-rig.ts';

/** To the byte: the first line holds the checksum of the rest. */
const STORED = `towpath-views 1 1c0df4939f69411b32c48e6261ab588e31dc843a5a80fafcf40545c103438b5f
{"mesh":"shop","directory":{"services":[{"namespace":"shop","name":"orders","virtualIps":["240.240.0.9"],"ports":[80]}],"version":{"epoch":7,"gen":3,"hash":"68170fa108615a2a"}},"services":[{"namespace":"shop","name":"orders","virtualIps":["240.240.0.9"],"ports":[{"name":"http","port":80,"protocol":"http1","cluster":"shop/orders:80","http":{"entries":[{"path":{"type":"Exact","value":"/beta"},"method":"GET","headers":[{"name":"x-group","value":"beta"}],"query":[{"name":"v","value":"2"}],"action":0},{"path":null,"method":null,"headers":[],"query":[],"action":1}],"actions":[{"route":"shop/orders","rule":"beta","backends":[{"cluster":"shop/orders:80","weight":9,"requestHeaders":null},{"cluster":null,"weight":1,"requestHeaders":null}],"requestHeaders":{"set":[{"name":"x-a","value":"b"}],"add":[],"remove":["x-c"]},"requestTimeoutMs":2000},{"route":"shop/orders","rule":"1","backends":[{"cluster":"shop/orders:80","weight":1,"requestHeaders":null}],"requestHeaders":null,"requestTimeoutMs":null}]}}],"clusters":{"shop/orders:80":{"service":"shop/orders","port":80,"protocol":"http1","loadBalancer":"LeastRequest","endpoints":[{"ip":"10.0.0.1","port":8080,"weight":3,"workload":"shop/orders-1"}]}},"version":{"epoch":7,"gen":3,"hash":"8eda395264d72cee"}}]}`;

const rig = new ProxyRig();
t.teardown(() => rig.end());

t.test('an old file is read whole, and traffic follows it', async (t) => {
  const decoded = decodeSnapshot('shop', Buffer.from(STORED));
  if (!decoded.ok) throw new Error(decoded.error);
  const { directory, services } = decoded.value;
  t.same({ mesh: 'shop', directory, services }, JSON.parse(STORED.slice(STORED.indexOf('\n') + 1)));
  for (const service of services) rig.service(service);

  const decide = (request: string): RequestDecision => {
    const { context } = rig;
    const { slab } = context.reactor;
    const length = slab.bytes.write(request, slab.receiveArea, 'latin1');
    t.ok(context.parser.parseRequest(slab.receiveArea, length) > 0);
    const record = new ConnectionRecord('outbound', null, null, 0, context.sink);
    return decideRequest(context, record, address('240.240.0.9', 80), context.parser.head, slab.bytes);
  };
  t.match(decide('GET /x HTTP/1.1\r\nHost: orders\r\n\r\n'), {
    type: 'forward',
    route: 'shop/orders/1',
    endpoint: { text: '10.0.0.1:8080' },
    timeoutMs: 0,
  });
  // Nine in ten go to the backend that there is.
  const beta = Array.from({ length: 100 }, () =>
    decide('GET /beta?v=2 HTTP/1.1\r\nHost: orders\r\nX-Group: beta\r\n\r\n'),
  );
  const forwarded = beta.find((decision) => decision.type === 'forward');
  t.match(forwarded, { route: 'shop/orders/beta', timeoutMs: 2000 });
});
