import t from 'tap';
import { ConnectionRecord } from '../../../src/proxy/connection-record.ts';
import { countOpen } from '../../../src/proxy/count-open.ts';
import { VITAL_CONNECTIONS, VITAL_COUNT } from '../../../src/proxy/thread-start.ts';

t.test('open connections are counted, and everything is handed on', async (t) => {
  const vitals = new Float64Array(VITAL_COUNT);
  const heard: string[] = [];
  const sink = countOpen(
    {
      opened: () => heard.push('opened'),
      decided: () => heard.push('decided'),
      moved: () => heard.push('moved'),
      closed: (_record, ending) => heard.push(ending),
      closedTwice: () => heard.push('closed twice'),
    },
    vitals,
    { connection: (_record, ending) => void heard.push(`journal ${ending}`) },
  );
  const record = new ConnectionRecord('inbound', null, null, 0, sink);
  t.equal(vitals[VITAL_CONNECTIONS], 1);
  record.decide('http1', 'declared');
  record.close('reset');
  record.close('reset');
  t.equal(vitals[VITAL_CONNECTIONS], 0);
  t.same(heard, ['opened', 'decided', 'journal reset', 'reset', 'closed twice']);
});
