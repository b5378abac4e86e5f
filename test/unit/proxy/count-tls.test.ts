import t from 'tap';
import { countTls } from '../../../src/proxy/count-tls.ts';
import { Counters } from '../../../src/proxy/counters.ts';

t.test('handshakes and failures are counted by side, and failures by reason', async (t) => {
  const names: string[] = [];
  const counters = new Counters(Counters.sharedMemory(), (index, name, labels) => {
    names[index] = `${name} ${Object.values(labels).join(' ')}`;
  });
  const observer = countTls(counters);
  observer.established('server', false);
  observer.established('server', true);
  observer.established('server', true);
  observer.failed('client', 'svid-unexpected-id');
  const counted = names.flatMap((name, index) =>
    counters.values[index] > 0 ? [`${name} ${counters.values[index]}`] : [],
  );
  t.same(counted.sort(), [
    'towpath_tls_failures_total client svid-unexpected-id 1',
    'towpath_tls_handshakes_total server false 1',
    'towpath_tls_handshakes_total server true 2',
  ]);
});
