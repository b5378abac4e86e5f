import t from 'tap';
import type { AppProtocol } from '../../../../src/contract/views.ts';
import { defaultPort, tellPorts } from '../../../../src/proxy/explicit/default-port.ts';
import { NO_PORT } from '../../../../src/proxy/explicit/read-authority.ts';
import { serviceView } from '../../../helpers/proxy-rig.ts';

type Ports = readonly (readonly [port: number, protocol: AppProtocol])[];

const CASES: readonly (readonly [ports: Ports, means: number, told: string])[] = [
  [[[8080, 'auto']], 8080, 'the port 8080'],
  [
    [
      [8080, 'http1'],
      [6379, 'tcp'],
    ],
    8080,
    'the ports 8080 (http1) and 6379 (tcp)',
  ],
  [
    [
      [443, 'tls'],
      [50051, 'grpc'],
      [6379, 'tcp'],
    ],
    50051,
    'the ports 443 (tls), 50051 (grpc) and 6379 (tcp)',
  ],
  [
    [
      [80, 'auto'],
      [9090, 'http2'],
    ],
    80,
    'the ports 80 and 9090 (http2)',
  ],
  [
    [
      [8080, 'auto'],
      [9090, 'http2'],
    ],
    NO_PORT,
    'the ports 8080 and 9090 (http2)',
  ],
  [
    [
      [80, 'tcp'],
      [8080, 'auto'],
      [9090, 'auto'],
    ],
    NO_PORT,
    'the ports 80 (tcp), 8080 and 9090',
  ],
  [[[6379, 'tcp']], NO_PORT, 'the port 6379 (tcp)'],
];

for (const [ports, means, told] of CASES) {
  t.test(`of ${told}, ${means === NO_PORT ? 'none' : means} is meant without a port`, async (t) => {
    const view = serviceView(
      [],
      {},
      {
        ports: ports.map(([port, protocol]) => ({ name: '', port, protocol, cluster: '', http: null })),
      },
    );
    t.equal(defaultPort(view), means);
    t.equal(tellPorts(view), told);
  });
}
