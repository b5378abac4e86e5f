import t from 'tap';
import { formatStatus } from '../../../src/cli/format-status.ts';
import type { StatusReply } from '../../../src/contract/messages.ts';

const agent = (host: string, more: Partial<StatusReply['agents'][number]>): StatusReply['agents'][number] => ({
  host,
  state: 'SYNCED',
  version: '0.1.0',
  epoch: 7,
  gen: 9,
  behind: 0,
  lastSeenSeconds: 0.4,
  workloads: 1,
  services: 2,
  errors: [],
  ...more,
});
const status: StatusReply = {
  mesh: 'default',
  version: '0.1.0',
  natsVersion: '2.9.10',
  epoch: 7,
  gen: 9,
  resources: { Service: 3, HTTPRoute: 1 },
  services: 3,
  endpoints: 2,
  agents: [
    agent('a', {}),
    agent('b', { state: 'STALE', gen: 4, behind: 5, services: null }),
    agent('c', { state: 'ERROR', errors: [{ key: 'svc.shop.a', reason: 'no memory' }] }),
    agent('d', { state: 'GONE', behind: 9, workloads: 0 }),
  ],
};

t.test('NATS, control with its replicas, counts, and a row for each agent', async (t) => {
  const controls = [
    { id: 'two', version: '0.1.0', state: 'stands by' },
    { id: 'one', version: '0.1.0', state: 'leads' },
  ] as const;
  t.equal(
    formatStatus(status, controls, '127.0.0.1:4222', { colour: false }),
    `nats      127.0.0.1:4222 (nats-server 2.9.10)
control   0.1.0, mesh default, epoch 7, generation 9
replicas  one leads, two stands by
resources 3 Service, 1 HTTPRoute; 2 registered workloads
agents    1 SYNCED, 1 STALE, 1 ERROR, 1 GONE

AGENT  STATE   GENERATION  BEHIND  WORKLOADS  SERVICES  SEEN  VERSION
a      SYNCED  7/9         0       1          2         0.4s  0.1.0
b      STALE   7/4         5       1          -         0.4s  0.1.0
c      ERROR   7/9         0       1          2         0.4s  0.1.0    svc.shop.a: no memory
d      GONE    7/9         -       0          2         0.4s  0.1.0
`,
  );
});

t.test('an empty mesh', async (t) => {
  const text = formatStatus({ ...status, resources: {}, agents: [] }, [], 'x', { colour: false });
  t.match(text, /\nresources none; 2 registered workloads\nagents {4}none\n$/);
});
