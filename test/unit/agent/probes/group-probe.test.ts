import t from 'tap';
import { probeOfGroup } from '../../../../src/agent/probes/group-probe.ts';

const PACE = { initialDelaySeconds: 2, periodSeconds: 3, timeoutSeconds: 4, successThreshold: 5, failureThreshold: 6 };

t.test('a probe of a group is one of the agent file', async (t) => {
  for (const [check, wanted] of [
    [{ httpGet: { path: '/healthz', port: 1 } }, { type: 'http', port: 1, path: '/healthz' }],
    [{ tcpSocket: { port: 2 } }, { type: 'tcp', port: 2 }],
    [{ grpc: { port: 3, service: 'shop.Pay' } }, { type: 'grpc', port: 3, service: 'shop.Pay' }],
  ] as const) {
    t.same(probeOfGroup({ ...PACE, ...check }), { ...PACE, check: wanted });
  }
});
