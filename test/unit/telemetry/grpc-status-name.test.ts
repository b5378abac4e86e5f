import t from 'tap';
import { grpcStatusName } from '../../../src/telemetry/grpc-status-name.ts';

t.test('statuses have the names of the specification', async (t) => {
  t.strictSame(['', '0', '4', '14', '16', '99'].map(grpcStatusName), [
    '',
    'OK',
    'DEADLINE_EXCEEDED',
    'UNAVAILABLE',
    'UNAUTHENTICATED',
    '99',
  ]);
});
