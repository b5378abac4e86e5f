import t from 'tap';
import { adviceFor, meaningOf } from '../../../src/cli/flag-advice.ts';
import { RESPONSE_FLAGS } from '../../../src/proxy/response-flags.ts';

t.test('every flag has an HTTP status, a gRPC status, a meaning, and something to check', async (t) => {
  for (const [flag, { status, grpcStatus, meaning }] of Object.entries(RESPONSE_FLAGS)) {
    t.ok(status === 0 || (status >= 400 && status <= 599), flag);
    t.ok(grpcStatus >= 0 && grpcStatus <= 16, flag);
    t.match(meaning, /^[a-z][^.]+$/, flag);
    t.equal(meaningOf(flag), meaning);
    t.not(adviceFor(flag, status), adviceFor('NEW', 503), flag);
  }
  t.equal(meaningOf('NEW'), '');
});
