import t from 'tap';
import { ISTIO, OPENTELEMETRY } from '../../../src/telemetry/standard-descriptions.ts';

t.test('names of others are spelled as they spell them', async (t) => {
  t.strictSame(Object.keys(OPENTELEMETRY), [
    'http_server_request_duration_seconds',
    'http_client_request_duration_seconds',
    'rpc_server_call_duration_seconds',
    'rpc_client_call_duration_seconds',
  ]);
  for (const [name, { type }] of Object.entries(ISTIO)) t.equal(type === 'counter', name.endsWith('_total'), name);
});
