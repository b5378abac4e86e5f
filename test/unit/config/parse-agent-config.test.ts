import t from 'tap';
import type { Environment } from '../../../src/config/environment.ts';
import { parseAgentConfig } from '../../../src/config/parse-agent-config.ts';
import type { Problem } from '../../../src/core/errors.ts';

function parse(text: string, env: Environment = {}) {
  return parseAgentConfig({ name: 'agent.yaml', text }, env, 'Web-1.example.org');
}

function problemsFor(text: string, env: Environment = {}): readonly Problem[] {
  const result = parse(text, env);
  return result.ok ? [] : result.error;
}

t.test('an empty file and no file give the documented defaults', async (t) => {
  for (const result of [parse(''), parseAgentConfig(null, {}, 'Web-1.example.org')]) {
    if (!result.ok) throw new Error(JSON.stringify(result.error));
    const { value } = result;
    t.equal(value.mesh, 'default');
    t.equal(value.host, 'web-1', 'the first label of the machine name, in lower case');
    const ports = { outbound: 15001, inbound: 15006, explicit: 15080, admin: 15000, metrics: 15020, programs: 15101 };
    t.strictSame(value.ports, ports);
    t.equal(value.stateDirectory, '/var/lib/towpath');
    t.equal(value.dataThreads, 1);
    t.equal(value.mutualTls, true);
    t.equal(value.log.level, 'info');
    t.equal(value.drainSeconds, 10);
    t.match(value.interception, { enabled: true, failure: 'open', gid: 15001, ipv6: 'auto' });
    t.strictSame(value.interception.outbound.excludePorts, [{ from: 22, to: 22 }]);
    t.strictSame(value.interception.inbound.excludePorts, [{ from: 22, to: 22 }]);
    t.strictSame(value.workloads, []);
  }
});

t.test('a full workload decodes, with protocol words of Kubernetes and a probe by port name', async (t) => {
  const result = parse(`
workloads:
  - name: orders
    namespace: shop
    labels: { app: orders, version: v1 }
    address: FD00:0:0::5
    ports:
      http: 8080
      grpc: { port: 9090, appProtocol: kubernetes.io/h2c }
    weight: 3
    probe: { httpGet: { port: http, path: /healthz }, periodSeconds: 2, failureThreshold: 1 }
`);
  t.ok(result.ok, JSON.stringify(result));
  t.strictSame(result.ok && result.value.workloads[0], {
    name: 'orders',
    namespace: 'shop',
    labels: { app: 'orders', version: 'v1' },
    address: 'fd00::5',
    ports: [
      { name: 'http', port: 8080, protocol: 'auto' },
      { name: 'grpc', port: 9090, protocol: 'http2' },
    ],
    weight: 3,
    locality: null,
    group: null,
    probe: {
      check: { type: 'http', port: 8080, path: '/healthz' },
      initialDelaySeconds: 0,
      periodSeconds: 2,
      timeoutSeconds: 1,
      successThreshold: 1,
      failureThreshold: 1,
    },
    serviceAccount: 'default',
    programs: { uids: [], gids: [] },
  });
});

const WRONG: readonly (readonly [text: string, path: string, message: RegExp])[] = [
  ['mesh: 3', 'mesh', /must be a string, not 3/],
  ['mesh: Shop', 'mesh', /lower-case letters/],
  ['mesh: a.b', 'mesh', /lower-case letters/],
  ['host: "a b"', 'host', /lower-case/],
  ['address: 10.0.0', 'address', /IPv4 or IPv6/],
  ['address: fe80::1%eth0', 'address', /IPv4 or IPv6/],
  ['nats: []', 'nats', /must be an object, not a list/],
  ['nats: { servers: nats://a:4222 }', 'nats.servers', /must be an array/],
  ['nats: { servers: ["http://a"] }', 'nats.servers[0]', /nats:\/\/10/],
  ['nats: { credentialsFile: creds }', 'nats.credentialsFile', /absolute path/],
  ['nats: { server: x }', 'nats.server', /unknown field; did you mean "servers"\?/],
  ['stateDirectory: state', 'stateDirectory', /absolute path/],
  ['mutualTls: maybe', 'mutualTls', /must be/],
  ['dataThreads: 0', 'dataThreads', /must be at least 1/],
  ['dataThreads: 1.5', 'dataThreads', /whole number|integer|int/],
  ['dataThreads: "1"', 'dataThreads', /must be a number/],
  ['log: { level: verbose }', 'log.level', /must be one of "debug"/],
  ['log: debug', 'log', /must be an object/],
  ['ports: { admin: 0 }', 'ports.admin', /at least 1/],
  ['ports: { explicit: 0 }', 'ports.explicit', /at least 1/],
  ['ports: { explicit: on }', 'ports.explicit', /a port from 1 to 65535, or "off"/],
  ['ports: { admin: 65536 }', 'ports.admin', /at most 65535/],
  ['ports: { inbund: 15006 }', 'ports.inbund', /did you mean "inbound"/],
  ['metricsAddress: any', 'metricsAddress', /IPv4 or IPv6/],
  ['drainSeconds: -1', 'drainSeconds', /at least 0/],
  ['interception: { enabled: maybe }', 'interception.enabled', /must be true or false, not "maybe"/],
  ['interception: { failure: close }', 'interception.failure', /did you mean "closed"/],
  ['interception: { gid: 0 }', 'interception.gid', /at least 1/],
  ['interception: { ipv6: true }', 'interception.ipv6', /must be one of "auto", "on", "off"/],
  ['interception: { outbound: { includePorts: all } }', 'interception.outbound.includePorts', /"\*" or a list/],
  ['interception: { outbound: { includePorts: ["9-8"] } }', 'interception.outbound.includePorts[0]', /such as 80/],
  ['interception: { outbound: { excludePorts: [80, x] } }', 'interception.outbound.excludePorts[1]', /such as 80/],
  ['interception: { outbound: { excludePorts: [70000] } }', 'interception.outbound.excludePorts[0]', /65535|such as/],
  ['interception: { outbound: { excludeCidrs: [10.0.0.0/33] } }', 'interception.outbound.excludeCidrs[0]', /range/],
  ['interception: { outbound: { excludeUids: [root] } }', 'interception.outbound.excludeUids[0]', /number/],
  ['interception: { inbound: { excludeUids: [0] } }', 'interception.inbound.excludeUids', /unknown field/],
  ['interception: { inbound: { includeInterfaces: ["a b"] } }', 'interception.inbound.includeInterfaces[0]', /eth0/],
  ['interception: { virtualIpRanges: [240.240.0.0/x] }', 'interception.virtualIpRanges[0]', /range/],
  ['workloads: { name: a }', 'workloads', /array/],
  ['workloads: [{ name: a }]', 'workloads[0].ports', /required/],
  ['workloads: [{ ports: { http: 80 } }]', 'workloads[0].name', /required/],
  ['workloads: [{ name: a, ports: {} }]', 'workloads[0].ports', /at least one port/],
  ['workloads: [{ name: a, ports: { http: "80" } }]', 'workloads[0].ports.http', /must be a number or an object/],
  [
    'workloads: [{ name: a, ports: { http: { port: 80, protocol: tcp } } }]',
    'workloads[0].ports.http.protocol',
    /unknown/,
  ],
  ['workloads: [{ name: a, ports: { http: 80 }, weight: 0 }]', 'workloads[0].weight', /at least 1/],
  ['workloads: [{ name: a, ports: { http: 80 }, group: A_b }]', 'workloads[0].group', /name of a WorkloadGroup/],
  ['locality: a/b/c/d', 'locality', /region/],
  ['workloads: [{ name: a, ports: { http: 80 }, probe: {} }]', 'workloads[0].probe', /exactly one of/],
  [
    'workloads: [{ name: a, ports: { http: 80 }, probe: { tcpSocket: {}, httpGet: {} } }]',
    'workloads[0].probe',
    /exactly one of/,
  ],
  [
    'workloads: [{ name: a, ports: { http: 80 }, probe: { tcpSocket: { port: grpc } } }]',
    'workloads[0].probe.tcpSocket.port',
    /"grpc", which this workload does not have/,
  ],
  [
    'workloads: [{ name: a, ports: { http: 80 }, probe: { httpGet: { path: healthz } } }]',
    'workloads[0].probe.httpGet.path',
    /starts with "\/"/,
  ],
  ['limits: { headBytes: 10 }', 'limits.headBytes', /at least/],
  ['limits: { requestLineBytes: 100 }', 'limits.requestLineBytes', /at least/],
  ['limits: { headerFields: 5000 }', 'limits.headerFields', /at most/],
  ['limits: { chunkLineBytes: 1 }', 'limits.chunkLineBytes', /at least/],
  ['limits: { headSeconds: 0 }', 'limits.headSeconds', /at least/],
  ['limits: { clientIdleSeconds: 100000 }', 'limits.clientIdleSeconds', /at most/],
  ['limits: { upstreamIdleSeconds: -1 }', 'limits.upstreamIdleSeconds', /at least/],
  ['limits: { stallSeconds: 1 }', 'limits.stallSeconds', /at least/],
  ['limits: { bodyBytesPerSecond: 1.5 }', 'limits.bodyBytesPerSecond', /int|whole/],
  ['resources: []', 'resources', /unknown field/],
];

t.test('every wrong value is refused with the path of its field', async (t) => {
  for (const [text, path, message] of WRONG) {
    const problems = problemsFor(text);
    t.equal(problems.length, 1, `${text} has one problem: ${JSON.stringify(problems)}`);
    t.equal(problems[0]?.path, `agent.yaml: ${path}`, text);
    t.match(problems[0]?.message, message, text);
  }
});

t.test('all problems of a file are reported at once', async (t) => {
  const paths = problemsFor('mesh: 3\nports: { admin: 0, metrics: x }\nlgo: {}').map((p) => p.path);
  t.strictSame(paths.toSorted(), [
    'agent.yaml: lgo',
    'agent.yaml: mesh',
    'agent.yaml: ports.admin',
    'agent.yaml: ports.metrics',
  ]);
});

t.test('text that is no agent file is refused as a whole', async (t) => {
  t.match(problemsFor('a: [1')[0], { path: /^agent\.yaml: line 1:/ });
  t.match(problemsFor('- mesh: a')[0], { path: 'agent.yaml', message: /must be a map/ });
  t.match(problemsFor('mesh: a\n---\nmesh: b')[0], { message: /several YAML documents/ });
  t.match(problemsFor('apiVersion: v1\nkind: Service')[0], { message: /is a resource \(kind Service\)/ });
});

t.test('ports that clash and workloads of the same name are refused', async (t) => {
  t.strictSame(
    problemsFor('ports: { admin: 15001, metrics: 15006 }').map((p) => `${p.path}: ${p.message}`),
    [
      'agent.yaml: ports.admin: port 15001 is already used by ports.outbound',
      'agent.yaml: ports.metrics: port 15006 is already used by ports.inbound',
    ],
  );
  const text = 'workloads: [{ name: a, ports: { x: 15020 } }, { name: a, ports: { x: 80 } }]';
  t.strictSame(
    problemsFor(text).map((p) => p.path),
    ['agent.yaml: workloads[0].ports.x', 'agent.yaml: workloads[1].name'],
  );
});

t.test('the explicit mode can be switched off, and its port must be free as any other', async (t) => {
  for (const text of ['ports: { explicit: off }', 'ports: { explicit: false }']) {
    const result = parse(text);
    t.equal(result.ok && result.value.ports.explicit, null, text);
  }
  const off = parse('workloads: [{ name: a, ports: { x: 15080 } }]', { TOWPATH_EXPLICIT_PORT: 'off' });
  t.equal(off.ok && off.value.ports.explicit, null);
  const moved = parse('', { TOWPATH_EXPLICIT_PORT: '8888' });
  t.equal(moved.ok && moved.value.ports.explicit, 8888);
  t.strictSame(
    problemsFor('ports: { explicit: 15001 }\nworkloads: [{ name: a, ports: { x: 15001 } }]').map((p) => p.path),
    ['agent.yaml: ports.explicit', 'agent.yaml: workloads[0].ports.x'],
  );
});

t.test('a variable wins over the file, and is named when it is wrong', async (t) => {
  const env = {
    TOWPATH_MESH: 'other',
    TOWPATH_NATS_SERVERS: 'nats://a:4222, nats://b:4222',
    TOWPATH_ADMIN_PORT: '16000',
    TOWPATH_INTERCEPTION: 'off',
    TOWPATH_DRAIN_SECONDS: '2.5',
    TOWPATH_LOG_LEVEL: '',
  };
  const result = parse('mesh: shop\nlog: { level: warn }\nports: { metrics: 16020 }', env);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  t.match(result.value, {
    mesh: 'other',
    nats: { servers: ['nats://a:4222', 'nats://b:4222'] },
    ports: { admin: 16000, metrics: 16020 },
    interception: { enabled: false },
    drainSeconds: 2.5,
    log: { level: 'warn' },
  });
  const wrong = { TOWPATH_DATA_THREADS: 'two', TOWPATH_NATS_SERVERS: 'http://x', TOWPATH_INTERCEPTION: 'maybe' };
  t.strictSame(
    problemsFor('', wrong)
      .map((p) => p.path)
      .toSorted(),
    ['TOWPATH_DATA_THREADS', 'TOWPATH_INTERCEPTION', 'TOWPATH_NATS_SERVERS'],
  );
});

t.test('a section of the wrong type stays the problem when a variable speaks of a field in it', async (t) => {
  t.strictSame(
    problemsFor('ports: 3', { TOWPATH_ADMIN_PORT: '16000' }).map((p) => p.path),
    ['agent.yaml: ports'],
  );
});
