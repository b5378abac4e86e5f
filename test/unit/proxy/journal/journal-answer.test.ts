import t from 'tap';
import { NO_RULES } from '../../../../src/contract/telemetry-rules.ts';
import { ConnectionRecord } from '../../../../src/proxy/connection-record.ts';
import { journalAnswer } from '../../../../src/proxy/journal/journal-answer.ts';
import { ProxyRig } from '../../../helpers/proxy-rig.ts';
import { readingRecords } from '../../../helpers/read-records.ts';

t.test('answers of the proxy are recorded when they tell of an error, or when somebody wants to know', async (t) => {
  const rig = new ProxyRig();
  const { context } = rig;
  const read = readingRecords(rig.ring);
  const record = new ConnectionRecord('inbound', null, null, 0, context.sink);
  record.requests = 4;
  const answer = {
    flag: 'NR',
    status: 404,
    sentence: 'no rule',
    service: 'shop/o',
    route: 'r',
    isHead: false,
    seconds: 0.25,
  } as const;
  journalAnswer(context, record, { ...answer, flag: '', status: 200, sentence: '' }, 'http1');
  t.same(read(), [], 'a rule answers so, and nobody wants to know');
  journalAnswer(context, record, answer, 'http1');
  journalAnswer(context, record, answer, 'http2');
  journalAnswer(context, record, { ...answer, isHead: true }, 'grpc', 12);
  const seen = read();
  t.match(seen[0], {
    flag: 'NR',
    status: 404,
    direction: 'inbound',
    protocol: 'HTTP/1.1',
    bytesSent: 8,
    isFailed: true,
  });
  t.ok((seen[0]?.durationMs ?? 0) >= 250);
  t.match(seen.slice(1), [
    { protocol: 'HTTP/2', status: 404, grpcStatus: -1 },
    { protocol: 'gRPC', status: 200, grpcStatus: 12, bytesSent: 0 },
  ]);
  t.match(seen[0]?.id, /-4$/);
  const denial = {
    ...answer,
    flag: '',
    status: 403,
    sentence: 'denied by shop/policy',
    content: { fields: [], body: new Uint8Array(3) },
  } as const;
  context.journal.setRules({
    ...NO_RULES,
    inbound: { '': { log: { index: 0, percent: 0, slowMs: 1e9 }, trace: null } },
  });
  journalAnswer(context, record, denial, 'http1');
  t.match(read(), [
    { status: 403, flag: '', sentence: 'denied by shop/policy', bytesSent: 3, isFailed: true, isLogged: true },
  ]);
  record.close('closed');
  await rig.end();
});
