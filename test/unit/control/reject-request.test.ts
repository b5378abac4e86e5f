import t from 'tap';
import { rejectRequest } from '../../../src/control/reject-request.ts';

t.test('the first problem goes into the header, all of them into the body', async (t) => {
  const problems = [
    { code: 'TWP0106', message: 'unknown field', path: 'a.yaml: spec.x' },
    { code: 'TWP0106', message: 'must be a string' },
  ];
  t.throws(() => rejectRequest(400, problems), {
    code: 400,
    message: 'a.yaml: spec.x: unknown field (and 1 more)',
    body: JSON.stringify({ problems }),
  });
  t.throws(() => rejectRequest(404, problems.slice(1)), { message: 'must be a string' });
});
