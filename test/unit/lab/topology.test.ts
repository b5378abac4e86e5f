import t from 'tap';
import { decodeTopology } from '../../../src/lab/topology.ts';

const HOSTS = { one: {}, two: {} };

function problemsOf(value: unknown): string[] {
  const decoded = decodeTopology(value, 'lab.yaml');
  return decoded.ok ? [] : decoded.error.map((problem) => `${problem.path}: ${problem.message}`);
}

t.test('a topology of host names alone gets a dual-stack network and no mesh programs', async (t) => {
  const decoded = decodeTopology({ hosts: HOSTS }, 'lab.yaml');
  t.match(decoded, {
    ok: true,
    value: {
      mesh: 'default',
      network: { ipv4: '10.77.0.0/24', ipv6: 'fd77::/64' },
      control: null,
      resources: [],
      hosts: { one: { families: null, agent: null, programs: [] } },
    },
  });
});

t.test('an agent needs no control host when its settings name NATS servers', async (t) => {
  const agent = { config: { nats: { servers: ['nats://10.77.0.2:4222'] } } };
  t.same(problemsOf({ hosts: { one: { agent } } }), []);
});

t.test('each mistake is one sentence with the path of its field', async (t) => {
  const agent = { agent: {} };
  const program = { name: 'web', command: ['nginx'] };
  for (const [value, expected] of [
    [{ hosts: HOSTS, controll: 'one' }, 'lab.yaml: controll: unknown field; did you mean "control"?'],
    [
      { hosts: HOSTS, control: 'three' },
      'lab.yaml: control: names the host "three", which is not among hosts (one, two)',
    ],
    [{ hosts: {} }, 'lab.yaml: hosts: must have 1 to 200 entries'],
    [
      { hosts: { one: agent } },
      'lab.yaml: hosts.one.agent: needs a control host, "config.nats", or "standalone" with resource files',
    ],
    [{ hosts: HOSTS, resources: ['a.yaml'] }, 'lab.yaml: resources: needs a control host to be applied by'],
    [{ hosts: HOSTS, controlOptions: ['--ca', 'off'] }, 'lab.yaml: controlOptions: needs a control host'],
    [{ hosts: HOSTS, network: {} }, 'lab.yaml: network: needs "ipv4" or "ipv6" or both'],
    [{ hosts: HOSTS, network: { ipv4: 'fd77::/64' } }, 'lab.yaml: network.ipv4: is not an IPv4 network'],
    [
      { hosts: { one: { families: ['ipv4'] } }, network: { ipv6: 'fd77::/64' } },
      'lab.yaml: hosts.one.families: has ipv4, which the network does not have',
    ],
    [
      { hosts: { one: { programs: [program, program] } } },
      'lab.yaml: hosts.one.programs[1].name: "web" is taken (nats, control and agent belong to the lab)',
    ],
    [
      { hosts: { one: { programs: [{ ...program, name: 'agent' }] } } },
      'lab.yaml: hosts.one.programs[0].name: "agent" is taken (nats, control and agent belong to the lab)',
    ],
    [
      { hosts: { one: { programs: [{ ...program, ready: { port: 70000 } }] } } },
      'lab.yaml: hosts.one.programs[0].ready.port: must be at most 65535',
    ],
  ] as const) {
    t.same(problemsOf(value), [expected]);
  }
});

t.test('names that would escape a path or a namespace are refused', async (t) => {
  const program = (files: object): unknown => ({
    hosts: { one: { programs: [{ name: 'web', command: ['x'], files }] } },
  });
  for (const value of [
    { hosts: { 'one.two': {} } },
    { hosts: { '../one': {} } },
    { hosts: { One: {} } },
    program({ '../nginx.conf': '' }),
    program({ '/etc/passwd': '' }),
    program({ '..': '' }),
    program({ '': '' }),
  ]) {
    t.equal(problemsOf(value).length, 1, JSON.stringify(value));
  }
});

t.test('all mistakes are told at once', async (t) => {
  t.equal(
    problemsOf({ hosts: { one: { agent: {}, families: ['ipv4'] } }, network: { ipv6: 'fd77::/64' }, control: 'x' })
      .length,
    2,
  );
});
