import t from 'tap';
import { refuses } from '../refuses.ts';
import { type Manifest, service } from '../world.ts';

t.test('Service: every class of refused field', async (t) => {
  const cases: readonly [Manifest, string, RegExp][] = [
    [{ ports: [] }, 'spec.ports', /at least 1/],
    [{ ports: undefined }, 'spec.ports', /required/],
    [{ ports: [{ port: 0 }] }, 'spec.ports[0].port', /at least 1/],
    [{ ports: [{ port: 65536 }] }, 'spec.ports[0].port', /at most 65535/],
    [{ ports: [{ port: '80' }] }, 'spec.ports[0].port', /must be a number/],
    [{ ports: [{ port: 80, targetPort: '8080' }] }, 'spec.ports[0].targetPort', /must not be in quotes/],
    [{ ports: [{ port: 80, targetPort: 'Web' }] }, 'spec.ports[0].targetPort', /lower-case/],
    [{ ports: [{ port: 80, targetPort: true }] }, 'spec.ports[0].targetPort', /must be a number or a string/],
    [{ ports: [{ port: 80, protocol: 'UDP' }] }, 'spec.ports[0].protocol', /only "TCP"/],
    [{ ports: [{ port: 80, nodePort: 30000 }] }, 'spec.ports[0].nodePort', /node ports/],
    [{ ports: [{ port: 80 }, { port: 81, name: 'b' }] }, 'spec.ports[0].name', /must name each/],
    [
      {
        ports: [
          { port: 80, name: 'a' },
          { port: 81, name: 'a' },
        ],
      },
      'spec.ports[1].name',
      /ports\[0\] has this name/,
    ],
    [
      {
        ports: [
          { port: 80, name: 'a' },
          { port: 80, name: 'b' },
        ],
      },
      'spec.ports[1].port',
      /ports\[0\] has this port/,
    ],
    [{ ports: [{ port: 80, name: 'x y' }] }, 'spec.ports[0].name', /lower-case/],
    [{ ports: [{ port: 80, appProtocol: 'a b' }] }, 'spec.ports[0].appProtocol', /protocol name/],
    [{ type: 'NodePort' }, 'spec.type', /only "ClusterIP"/],
    [{ type: 'ExternalName', externalName: 'x.y' }, 'spec.externalName', /not supported yet/],
    [{ clusterIP: 'None' }, 'spec.clusterIP', /headless/],
    [{ clusterIP: 'x' }, 'spec.clusterIP', /not an IPv4 or IPv6/],
    [{ clusterIP: '127.0.0.1' }, 'spec.clusterIP', /every host/],
    [{ clusterIP: '10.0.0.1', clusterIPs: ['10.0.0.2'] }, 'spec.clusterIP', /first entry/],
    [{ clusterIPs: ['10.0.0.1', '10.0.0.2'] }, 'spec.clusterIPs[1]', /one IPv4 and one IPv6/],
    [{ clusterIPs: ['224.0.0.1'] }, 'spec.clusterIPs[0]', /cannot be dialled/],
    [{ clusterIPs: ['fe80::1'] }, 'spec.clusterIPs[0]', /every host/],
    [{ sessionAffinity: 'ClientIP' }, 'spec.sessionAffinity', /only "None"/],
    [{ internalTrafficPolicy: 'Local' }, 'spec.internalTrafficPolicy', /only "Cluster"/],
    [{ externalTrafficPolicy: 'Local' }, 'spec.externalTrafficPolicy', /not balanced/],
    [{ publishNotReadyAddresses: true }, 'spec.publishNotReadyAddresses', /only false/],
    [{ selecter: {} }, 'spec.selecter', /did you mean "selector"/],
    [{ selector: { a: ['b'] } }, 'spec.selector.a', /must be a string/],
  ];
  for (const [spec, path, words] of cases) refuses(t, service('s', spec), path, words);
});
