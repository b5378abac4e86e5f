import t from 'tap';
import { refuses } from '../refuses.ts';
import { type Manifest, workload } from '../world.ts';

t.test('WorkloadEntry: every class of refused field', async (t) => {
  const cases: readonly [Manifest, string, RegExp][] = [
    [{ address: undefined }, 'spec.address', /required/],
    [{ address: '' }, 'spec.address', /must be an IPv4/],
    [{ address: 'orders.example' }, 'spec.address', /names belong into a ServiceEntry/],
    [{ address: 'unix:///run/x' }, 'spec.address', /Unix socket/],
    [{ address: '10.0.0.1:80' }, 'spec.address', /is not an IPv4/],
    [{ address: '0.0.0.0' }, 'spec.address', /single host/],
    [{ address: 'ff02::1' }, 'spec.address', /single host/],
    [{ address: 'fe80::1' }, 'spec.address', /link-local/],
    [{ address: 'fe80::1%eth0' }, 'spec.address', /is not an IPv4/],
    [{ ports: { http: 0 } }, 'spec.ports.http', /at least 1/],
    [{ ports: { HTTP: 80 } }, 'spec.ports.HTTP', /the port name/],
    [{ ports: [80] }, 'spec.ports', /must be an object/],
    [{ weight: 0 }, 'spec.weight', /delete the entry/],
    [{ weight: 65536 }, 'spec.weight', /at most 65535/],
    [{ locality: 'a/b/c/d' }, 'spec.locality', /region\/zone\/subzone/],
    [{ network: 'n2' }, 'spec.network', /several networks/],
    [{ serviceaccount: 'x' }, 'spec.serviceaccount', /did you mean "serviceAccount"/],
  ];
  for (const [spec, path, words] of cases) refuses(t, workload('w', spec), path, words);
});
