import t from 'tap';
import { formatResources } from '../../../src/cli/format-resources.ts';
import type { ResourceReply } from '../../../src/contract/messages.ts';

const item: ResourceReply = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    name: 'orders',
    namespace: 'shop',
    generation: 2,
    creationTimestamp: '2026-01-01T00:00:00Z',
    resourceVersion: '7',
  },
  spec: {},
  status: {
    conditions: [
      { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'a: fine' },
      { type: 'Accepted', status: 'False', reason: 'Conflicted', message: 'b: taken' },
      { type: 'towpath.dev/Programmed', status: 'Unknown', reason: 'Pending', message: '7/9 agents' },
    ],
  },
};

t.test('the worst of several conditions counts; wide tells why, and how many agents run it', async (t) => {
  t.equal(
    formatResources([item], 'wide', false),
    `NAMESPACE  KIND     NAME    GENERATION  ACCEPTED  PROGRAMMED  CREATED               AGENTS  MESSAGE
shop       Service  orders  2           False     Unknown     2026-01-01T00:00:00Z  7/9     Accepted=Conflicted: b: taken
`,
  );
});

t.test('names, JSON as one or as a list, YAML documents', async (t) => {
  t.equal(formatResources([item, item], 'name', false), 'Service shop/orders\nService shop/orders\n');
  t.same(JSON.parse(formatResources([item], 'json', true)), item);
  t.same(JSON.parse(formatResources([item], 'json', false)), { items: [item] });
  t.match(formatResources([item, item], 'yaml', false), /^apiVersion: v1\n[\s\S]*\n---\napiVersion: v1\n/);
});
