import t from 'tap';
import { interceptionSettings } from '../../../src/agent/interception-settings.ts';
import { parseAgentConfig } from '../../../src/config/parse-agent-config.ts';
import { DEFAULT_SETTINGS } from '../../../src/intercept/settings.ts';

function settings(text: string) {
  const parsed = parseAgentConfig({ name: 'agent.yaml', text }, {}, 'h');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return interceptionSettings(parsed.value, true);
}

t.test('the defaults of the agent file are those of "towpath intercept", plus the agent\'s own ports', async (t) => {
  const { inbound, ...rest } = settings('');
  const { inbound: expected, ...others } = DEFAULT_SETTINGS;
  t.strictSame(rest, others);
  const own = [15000, 15020].map((port) => ({ from: port, to: port }));
  t.strictSame(inbound, { ...expected, excludePorts: [...expected.excludePorts, ...own] });
});

t.test('the listener of the explicit mode is not captured where loopback is', async (t) => {
  const captured = (more: string) =>
    settings(`${more}\ninterception: { outbound: { includeCidrs: [10.0.0.0/8, 127.0.0.0/8] } }`).outbound.excludePorts;
  t.strictSame(captured(''), [
    { from: 22, to: 22 },
    { from: 15080, to: 15080 },
  ]);
  t.strictSame(captured('ports: { explicit: off }'), [{ from: 22, to: 22 }]);
});

t.test('what the operator says arrives', async (t) => {
  const text = `
ports: { outbound: 16001, inbound: 16006, metrics: 16020 }
interception:
  failure: closed
  gid: 777
  outbound: { includePorts: [80, 8000-8100], excludeCidrs: [10.9.0.0/16], excludeUids: [33] }
  inbound: { excludePorts: [], excludeInterfaces: [docker+] }
`;
  t.match(settings(text), {
    outboundPort: 16001,
    inboundPort: 16006,
    failure: 'closed',
    gid: 777,
    outbound: {
      includePorts: [
        { from: 80, to: 80 },
        { from: 8000, to: 8100 },
      ],
      excludeCidrs: ['10.9.0.0/16'],
      excludeUids: [33],
    },
    inbound: {
      excludePorts: [
        { from: 15000, to: 15000 },
        { from: 16020, to: 16020 },
      ],
      excludeInterfaces: ['docker+'],
    },
  });
});
