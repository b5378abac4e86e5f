import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { loadSecurity } from '../../../src/control/secure/load-security.ts';
import { planLab } from '../../../src/lab/plan.ts';
import { makeSecuredMesh } from '../../../src/lab/secure-lab.ts';
import { decodeTopology } from '../../../src/lab/topology.ts';

/** Hosts that join are tried with namespaces in test/network/join-two-hosts.test.ts. */
const root = mkdtempSync(join(tmpdir(), 'towpath-secured-lab-'));
t.teardown(() => rmSync(root, { recursive: true }));

t.test('a secured lab has keys of its own, and its programs know where they are', async (t) => {
  const decoded = decodeTopology(
    { control: 'hub', secured: true, mesh: 'blue', hosts: { hub: {}, shop: { agent: {} } } },
    'test',
  );
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.error));
  const plan = planLab(decoded.value, 'demo', root, ['towpath']);
  const folder = plan.securedFolder ?? '';
  await makeSecuredMesh(plan, folder);
  t.match(await loadSecurity(join(folder, 'control')), {
    mesh: 'blue',
    servers: ['tls://10.77.0.2:4222', 'tls://[fd77::2]:4222'],
  });
  const [hub, shop] = plan.hosts;
  t.match(
    hub?.programs.map(({ command }) => command.join(' ')),
    [`nats-server --config ${folder}/nats/nats.conf`, new RegExp(`--dir ${folder}/control`)],
  );
  t.ok(existsSync(join(folder, 'nats', 'nats.conf')));
  const agentFile = shop?.programs[0]?.files['agent.yaml'] ?? '';
  t.match(agentFile, /tls:\/\/10.77.0.2:4222/);
  t.match(agentFile, `${shop?.folder}/agent/state/nats.creds`);
  t.match(readFileSync(join(folder, 'nats', 'nats.conf'), 'utf8'), /host: "::"/);
});

t.test('without a control host there is nothing to secure', async (t) => {
  t.match(decodeTopology({ secured: true, hosts: { shop: {} } }, 'test'), {
    ok: false,
    error: [{ path: 'secured', message: 'needs a control host' }],
  });
});
