/** Loads with known numbers over HTTP/2, and of gRPC: all that is counted of them, and every line of the log, is compared at once. */
import { join } from 'node:path';
import t from 'tap';
import { ProxyRig } from '../../helpers/proxy-rig.ts';
import { check, GRPC, REFUSED_STREAM, ruledService } from './support/http2-rig.ts';
import { allSamples, checkHistograms, checkLog, checkReport, startLog, sums } from './support/scripted.ts';
import {
  cancel,
  checkConnections,
  half,
  type Kind,
  many,
  message,
  play,
  reset,
  respond,
  serveScript,
  silent,
  trailersOnly,
} from './support/scripted-streams.ts';

const LABELS = { side: 'outbound', service: 'shop/orders', reporter: 'source' };

const ROW = { side: 'outbound', caller: 'shop/web', service: 'shop/orders', route: 'shop/r/0' } as const;

const whole = respond(200, 'x'.repeat(3000));

t.test('HTTP/2: successes, failures, retries, resets of both sides and bytes', async (t) => {
  const rig = new ProxyRig();
  const file = join(t.testdir({}), 'access.log');
  const log = startLog(rig, file);
  const ok: Kind = { count: 40, serve: whole, code: 200, sent: 3000 };
  const broken: Kind = { count: 15, serve: respond(500, 'sorry'), code: 500, sent: 5 };
  const retried: Kind = {
    ...ok,
    count: 4,
    attempts: 2,
    serve: (s, first) => (first ? respond(503, 'no')(s) : whole(s)),
  };
  const exhausted: Kind = { count: 3, serve: respond(503, 'busy'), code: 503, sent: 4, flag: 'URX', attempts: 2 };
  const failed: Kind = { count: 5, serve: silent, cut: reset, code: 0, sent: 0, flag: 'UR' };
  const torn: Kind = { count: 4, serve: half, cut: reset, code: 200, sent: 1000, flag: 'UR' };
  const cancelled: Kind = { count: 6, serve: silent, cut: cancel, code: 0, sent: 0, flag: 'DC' };
  const left: Kind = { count: 3, serve: half, cut: cancel, code: 200, sent: 1000, flag: 'DC' };
  const script = { ok, broken, retried, exhausted, failed, torn, cancelled, left };
  const { port, served } = await serveScript(rig, script);
  rig.service(ruledService([port], { retry: { attempts: 1, codes: [503] } }, {}, 'http2'));
  const { lines, received, sent, wire } = await play(t, rig, script, served, 3);
  const requests = many(...Object.values(script));

  const samples = allSamples(rig);
  const good = many(ok, retried);
  t.same(sums(samples, 'towpath_requests_total', 'code', 'flags'), {
    200: good,
    500: broken.count,
    '503 URX': exhausted.count,
    '0 UR': failed.count,
    '200 UR': torn.count,
    '0 DC': cancelled.count,
    '200 DC': left.count,
  });
  t.same(sums(samples, 'towpath_requests_total', 'side', 'service', 'route', 'endpoint', 'protocol', 'grpc_status'), {
    [`outbound shop/orders shop/r/0 127.0.0.1:${port} http2 -`]: requests,
  });
  t.same(sums(samples, 'towpath_backend_requests_total', 'backend'), { 'shop/orders:80': requests });
  t.same(sums(samples, 'towpath_retries_total', 'cluster', 'reason', 'result'), {
    'shop/orders:80 status sent': many(retried, exhausted),
    'shop/orders:80 status exhausted': exhausted.count,
  });
  const http = 'http_client_request_duration_seconds_count';
  t.same(sums(samples, http, 'http_response_status_code', 'error_type'), {
    '200 -': good,
    '200 UR': torn.count,
    '200 DC': left.count,
    '500 500': broken.count,
    '503 URX': exhausted.count,
    '- UR': failed.count,
    '- DC': cancelled.count,
  });
  t.same(sums(samples, http, 'http_request_method', 'network_protocol_version'), { 'POST 2': requests });
  t.same(sums(samples, 'istio_requests_total', 'request_protocol', 'response_code', 'response_flags'), {
    'http 200 -': good,
    'http 500 -': broken.count,
    'http 503 URX': exhausted.count,
    'http 0 UR': failed.count,
    'http 200 UR': torn.count,
    'http 0 DC': cancelled.count,
    'http 200 DC': left.count,
  });
  checkHistograms(t, samples, { requests, received, sent }, LABELS);
  checkConnections(t, samples, 3, wire);
  t.same(sums(samples, 'rpc_client_call_duration_seconds_count'), {}, 'none is gRPC');
  checkReport(t, rig, {
    ...ROW,
    requestBytes: received,
    responseBytes: sent,
    endings: {
      '200  ': good,
      '500  ': broken.count,
      '503 URX ': exhausted.count,
      '0 UR ': failed.count,
      '200 UR ': torn.count,
      '0 DC ': cancelled.count,
      '200 DC ': left.count,
    },
  });
  await checkLog(t, log, file, lines, 'in any order');
  await check(t, rig);
});

t.test('gRPC: statuses, failures, retries, resets of both sides and bytes', async (t) => {
  const rig = new ProxyRig();
  const file = join(t.testdir({}), 'access.log');
  const log = startLog(rig, file);
  const call = { headers: GRPC, code: 200, sent: 0 };
  const ok: Kind = { ...call, count: 20, serve: message(0), sent: 500, grpc: [0, 'OK'] };
  const missing: Kind = { ...call, count: 7, serve: trailersOnly(5), grpc: [5, 'NOT_FOUND'] };
  const broken: Kind = { ...call, count: 6, serve: message(13), sent: 500, grpc: [13, 'INTERNAL'] };
  const untold: Kind = { ...call, count: 2, serve: message(null), sent: 500 };
  const plain: Kind = { ...call, count: 3, serve: respond(404, 'nothing here'), code: 404, sent: 12 };
  const retried: Kind = {
    ...ok,
    count: 4,
    serve: (s, first) => (first ? trailersOnly(14) : message(0))(s),
    attempts: 2,
  };
  const unavailable = { ...call, grpc: [14, 'UNAVAILABLE'] } as const;
  const refused: Kind = {
    ...retried,
    count: 2,
    serve: (s, first) => (first ? s.close(REFUSED_STREAM) : message(0)(s)),
  };
  const exhausted: Kind = { ...unavailable, count: 3, serve: trailersOnly(14), flag: 'URX', attempts: 2 };
  const lost: Kind = { ...unavailable, count: 2, serve: (stream) => stream.session?.destroy(), flag: 'UC' };
  const late: Kind = {
    ...call,
    count: 2,
    serve: silent,
    headers: { ...GRPC, 'grpc-timeout': '30m' },
    flag: 'UT',
    grpc: [4, 'DEADLINE_EXCEEDED'],
  };
  const gone: Kind = {
    ...lost,
    count: 3,
    serve: half,
    sent: 1000,
    cut: (_, stream) => stream.session?.destroy(),
  };
  const overdue: Kind = { ...late, count: 4, serve: half, sent: 1000 };
  const failed: Kind = { ...call, count: 5, serve: silent, cut: reset, code: 0, flag: 'UR' };
  const torn: Kind = { ...call, count: 4, serve: half, cut: reset, sent: 1000, flag: 'UR' };
  const cancelled: Kind = { ...call, count: 3, serve: silent, cut: cancel, code: 0, flag: 'DC' };
  const script = {
    ok,
    missing,
    broken,
    untold,
    plain,
    retried,
    refused,
    exhausted,
    lost,
    late,
    gone,
    overdue,
    failed,
    torn,
    cancelled,
  };
  const { port, served } = await serveScript(rig, script);
  rig.service(ruledService([port], { retry: { attempts: 1, codes: [], grpcCodes: [14] } }, {}, 'grpc'));
  const { lines, received, sent, wire } = await play(t, rig, script, served, 1);
  const requests = many(...Object.values(script));

  const samples = allSamples(rig);
  const good = many(ok, retried, refused);
  t.same(sums(samples, 'towpath_requests_total', 'code', 'grpc_status', 'flags'), {
    '200 0': good,
    '200 5': missing.count,
    '200 13': broken.count,
    200: untold.count,
    404: plain.count,
    '200 14 URX': exhausted.count,
    '200 14 UC': many(lost, gone),
    '200 4 UT': many(late, overdue),
    '0  UR': failed.count,
    '200  UR': torn.count,
    '0  DC': cancelled.count,
  });
  t.same(sums(samples, 'towpath_requests_total', 'side', 'service', 'route', 'protocol'), {
    'outbound shop/orders shop/r/0 grpc': requests,
  });
  t.same(sums(samples, 'towpath_retries_total', 'cluster', 'reason', 'result'), {
    'shop/orders:80 grpc-status sent': many(retried, exhausted),
    'shop/orders:80 grpc-status exhausted': exhausted.count,
    'shop/orders:80 reset sent': refused.count,
  });
  const rpc = 'rpc_client_call_duration_seconds_count';
  t.same(sums(samples, rpc, 'rpc_response_status_code', 'error_type'), {
    'OK -': good,
    'NOT_FOUND NOT_FOUND': missing.count,
    'INTERNAL INTERNAL': broken.count,
    '- _OTHER': many(untold, plain),
    'UNAVAILABLE URX': exhausted.count,
    'UNAVAILABLE UC': many(lost, gone),
    'DEADLINE_EXCEEDED UT': many(late, overdue),
    '- UR': many(failed, torn),
    '- DC': cancelled.count,
  });
  const istio = ['response_code', 'grpc_response_status', 'response_flags'];
  t.same(sums(samples, 'istio_requests_total', 'request_protocol', ...istio), {
    'grpc 200 0 -': good,
    'grpc 200 5 -': missing.count,
    'grpc 200 13 -': broken.count,
    'grpc 200  -': untold.count,
    'grpc 404  -': plain.count,
    'grpc 200 14 URX': exhausted.count,
    'grpc 200 14 UC': many(lost, gone),
    'grpc 200 4 UT': many(late, overdue),
    'grpc 0  UR': failed.count,
    'grpc 200  UR': torn.count,
    'grpc 0  DC': cancelled.count,
  });
  checkHistograms(t, samples, { requests, received, sent }, LABELS);
  checkConnections(t, samples, 1, wire);
  t.same(sums(samples, 'http_client_request_duration_seconds_count'), {}, 'gRPC has names of its own');
  checkReport(t, rig, {
    ...ROW,
    requestBytes: received,
    responseBytes: sent,
    endings: {
      '200  0': good,
      '200  5': missing.count,
      '200  13': broken.count,
      '200  ': untold.count,
      '404  ': plain.count,
      '200 URX 14': exhausted.count,
      '200 UC 14': many(lost, gone),
      '200 UT 4': many(late, overdue),
      '0 UR ': failed.count,
      '200 UR ': torn.count,
      '0 DC ': cancelled.count,
    },
  });
  await checkLog(t, log, file, lines, 'in order');
  await check(t, rig);
});
