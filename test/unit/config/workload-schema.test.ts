import t from 'tap';
import { workloadSchema } from '../../../src/config/workload-schema.ts';

function decode(fields: object) {
  return workloadSchema.parse({ name: 'web', ports: { http: 8080, admin: 9000 }, ...fields });
}

t.test('protocol words of Kubernetes and our own mean the same', async (t) => {
  const words = {
    auto: 'auto',
    http: 'http1',
    http1: 'http1',
    http2: 'http2',
    'kubernetes.io/h2c': 'http2',
    grpc: 'grpc',
    https: 'tls',
    tls: 'tls',
    tcp: 'tcp',
  };
  for (const [word, protocol] of Object.entries(words)) {
    t.strictSame(
      decode({ ports: { p: { port: 1, appProtocol: word } } }).ports,
      [{ name: 'p', port: 1, protocol }],
      word,
    );
  }
});

t.test('a probe asks the port it names, any number, or the first port', async (t) => {
  const port = (probe: object): number | null => {
    const check = decode({ probe }).probe?.check;
    return check === undefined || check.type === 'exec' ? null : check.port;
  };
  t.equal(port({ tcpSocket: {} }), 8080);
  t.equal(port({ tcpSocket: { port: 'admin' } }), 9000);
  t.equal(port({ httpGet: { port: 7777 } }), 7777, 'a health port need not be offered to others');
  t.throws(() => port({ httpGet: { port: 'none' } }));
});

t.test('left out, a probe has the defaults of Kubernetes', async (t) => {
  t.strictSame(decode({ probe: { httpGet: {} } }).probe, {
    check: { type: 'http', port: 8080, path: '/' },
    initialDelaySeconds: 0,
    periodSeconds: 10,
    timeoutSeconds: 1,
    successThreshold: 1,
    failureThreshold: 3,
  });
  t.equal(decode({}).probe, null);
});

t.test('probes by gRPC and by command', async (t) => {
  const check = (probe: object) => decode({ probe }).probe?.check;
  t.strictSame(check({ grpc: {} }), { type: 'grpc', port: 8080, service: '' });
  t.strictSame(check({ grpc: { port: 'admin', service: 'a.B' } }), { type: 'grpc', port: 9000, service: 'a.B' });
  t.strictSame(check({ exec: { command: ['test', '-e', '/ready'] } }), {
    type: 'exec',
    command: ['test', '-e', '/ready'],
  });
  t.throws(() => check({ exec: { command: [] } }));
  t.throws(() => check({ exec: { command: ['a'] }, tcpSocket: {} }), /exactly one of tcpSocket, httpGet, grpc, exec/);
  t.throws(() => check({}), /exactly one/);
});
