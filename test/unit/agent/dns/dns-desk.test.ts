import { join } from 'node:path';
import t, { type Test } from 'tap';
import { DnsDesk } from '../../../../src/agent/dns/dns-desk.ts';
import type { Resolver } from '../../../../src/agent/dns/original-resolver.ts';
import { ResolverFile } from '../../../../src/agent/dns/resolver-file.ts';

const CLIENT = { address: '10.0.0.1', port: 40000 };
const LOCAL = { address: '127.0.0.1', port: 5353 };

function desk(t: Test, original: Resolver | null, port = LOCAL.port): DnsDesk {
  const file = new ResolverFile([
    join(t.testdir({ f: 'nameserver 127.0.0.1\nnameserver 10.0.0.53\n' }), 'f'),
    '/nonexistent',
  ]);
  const originals = { available: true, find: () => original, close: () => {} };
  return new DnsDesk(() => null, port, true, originals, file);
}

const CASES: readonly (readonly [what: string, original: Resolver | null, port: number, servers: readonly string[]])[] =
  [
    ['the resolver that was meant', { address: '8.8.8.8', port: 53 }, 5353, ['8.8.8.8:53']],
    ['this host, on another port than ours', { address: '127.0.0.53', port: 53 }, 5353, ['127.0.0.53:53']],
    ['nobody known', null, 5353, ['127.0.0.1:53', '10.0.0.53:53']],
    ['ourselves', { address: '127.0.0.1', port: 5353 }, 5353, ['127.0.0.1:53', '10.0.0.53:53']],
    ['ourselves, who are a nameserver of this host', { address: '127.0.0.1', port: 53 }, 53, ['10.0.0.53:53']],
  ];

for (const [what, original, port, servers] of CASES) {
  t.test(`a query for ${what} goes to ${servers.join(', ')}`, async (t) => {
    const found = desk(t, original, port).serversFor('udp', CLIENT, LOCAL);
    t.same(
      found.map((server) => `${server.address}:${server.port}`),
      servers,
    );
  });
}

t.test('queries are counted by transport and fate', async (t) => {
  const counting = desk(t, null);
  counting.count('udp', 'service');
  counting.count('udp', 'service');
  counting.count('tcp', 'failed');
  t.same(counting.counts(), [
    { transport: 'udp', fate: 'service', count: 2 },
    { transport: 'tcp', fate: 'failed', count: 1 },
  ]);
});
