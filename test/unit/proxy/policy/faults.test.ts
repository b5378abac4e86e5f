import t from 'tap';
import { drawFault } from '../../../../src/proxy/policy/faults.ts';

/** Hands out the given numbers. */
function drawing(...numbers: number[]): () => number {
  return () => numbers.shift() ?? Number.NaN;
}

t.test('delay and abort are drawn independently, delay first', (t) => {
  const view = { delay: { ms: 70, percentage: 50 }, abort: { httpStatus: 503, percentage: 10 } };
  const abort = { status: 503, grpcStatus: 14 };
  t.same(drawFault(view, drawing(0.49, 0.09)), { delayMs: 70, abort });
  t.same(drawFault(view, drawing(0.5, 0.09)), { delayMs: 0, abort });
  t.same(drawFault(view, drawing(0.49, 0.1)), { delayMs: 70, abort: null });
  t.equal(drawFault(view, drawing(0.5, 0.1)), null);
  t.end();
});

t.test('percentages: 0 is never, 100 always, fractions count', (t) => {
  const abort = (percentage: number) => ({ abort: { httpStatus: 500, percentage } });
  t.equal(drawFault(abort(0), drawing(0)), null);
  t.ok(drawFault(abort(100), drawing(1 - Number.EPSILON)));
  t.ok(drawFault(abort(0.5), drawing(0.0049)));
  t.equal(drawFault(abort(0.5), drawing(0.005)), null);
  t.equal(drawFault({}, drawing()), null);
  t.end();
});

t.test('each kind of client is told in its own terms', (t) => {
  const http = (httpStatus: number) => drawFault({ abort: { httpStatus, percentage: 100 } }, drawing(0))?.abort;
  const grpc = (grpcStatus: number) => drawFault({ abort: { grpcStatus, percentage: 100 } }, drawing(0))?.abort;
  const statuses = [400, 401, 403, 404, 418, 429, 500, 502, 503, 504];
  t.same(
    statuses.map((status) => http(status)?.grpcStatus),
    [13, 16, 7, 12, 2, 14, 2, 14, 14, 14],
  );
  t.same(grpc(14), { status: 503, grpcStatus: 14 });
  t.same(grpc(16), { status: 401, grpcStatus: 16 });
  t.same(grpc(4), { status: 504, grpcStatus: 4 });
  t.end();
});
