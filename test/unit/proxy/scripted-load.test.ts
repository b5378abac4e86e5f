/** A load with known numbers: everything that is counted of it is compared at once, so that nothing can be counted twice, or besides. */
import { join } from 'node:path';
import t from 'tap';
import { ProxyRig, type RigClient } from '../../helpers/proxy-rig.ts';
import { check, ruledService } from './support/http2-rig.ts';
import { allSamples, checkHistograms, checkLog, checkReport, type Line, startLog, sums } from './support/scripted.ts';

const answer = (status: string, body: string): string =>
  `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const OK = answer('200 OK', 'x'.repeat(3000));
const BROKEN = answer('500 Broken', 'sorry');
const BUSY = answer('503 Busy', '');
const ask = (path: string, body = ''): string =>
  `POST ${path} HTTP/1.1\r\nHost: orders.shop\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

/** How many of each; few enough retries for every budget. */
const SCRIPT = { ok: 40, broken: 15, retried: 6, exhausted: 3, reset: 5, aborted: 4 } as const;
const ALL = Object.values(SCRIPT).reduce((a, b) => a + b, 0);

const ENDINGS: Readonly<Record<string, Pick<Line, 'code' | 'flag' | 'attempts'>>> = {
  '/ok': { code: 200, flag: null, attempts: 1 },
  '/broken': { code: 500, flag: null, attempts: 1 },
  '/retried': { code: 200, flag: null, attempts: 2 },
  '/exhausted': { code: 503, flag: 'URX', attempts: 2 },
  '/reset': { code: 503, flag: 'UC', attempts: 1 },
  '/silence': { code: 0, flag: 'DC', attempts: 1 },
};

function expectedLine(request: string, sent: number): Line {
  const [path = ''] = request.split(' ').slice(1);
  const ending = ENDINGS[path] ?? { code: -1, flag: null, attempts: 0 };
  const received = request.length - request.indexOf('\r\n\r\n') - 4;
  const where = { side: 'outbound', protocol: 'HTTP/1.1', service: 'shop/orders', route: 'shop/r/0' };
  return { path, ...ending, received, sent, grpc: null, grpcName: null, ...where };
}

t.test('successes, failures, retries, resets and bytes', async (t) => {
  const rig = new ProxyRig();
  const file = join(t.testdir({}), 'access.log');
  const log = startLog(rig, file);
  const expected: Line[] = [];
  let busy = 0;
  const { port } = await rig.serve((socket) =>
    socket.on('data', (chunk) => {
      const path = chunk.toString('latin1').split(' ', 2)[1];
      if (path === '/ok') socket.write(OK);
      else if (path === '/broken') socket.write(BROKEN);
      else if (path === '/retried') socket.write(busy++ % 2 === 0 ? BUSY : OK);
      else if (path === '/exhausted') socket.write(BUSY);
      else if (path === '/reset') socket.resetAndDestroy();
    }),
  );
  rig.service(ruledService([port], { retry: { attempts: 1, codes: [503] } }, {}, 'http1'));
  /** As the proxy sees them. */
  const bytes = { received: 0, sent: 0 };
  const asked = async (client: RigClient, text: string): Promise<void> => {
    client.clear();
    client.send(text);
    await rig.until(() => /\r\n\r\n/.test(client.text) && isWhole(client.text), `the answer to ${text.slice(0, 20)}`);
    bytes.received += text.length;
    bytes.sent += client.bytes;
    expected.push(expectedLine(text, bodyOf(client.text).length));
  };
  const client = await rig.client();
  for (let i = 0; i < SCRIPT.ok; i++) await asked(client, ask('/ok', 'y'.repeat(i * 10)));
  for (let i = 0; i < SCRIPT.broken; i++) await asked(client, ask('/broken'));
  for (let i = 0; i < SCRIPT.retried; i++) await asked(client, ask('/retried'));
  for (let i = 0; i < SCRIPT.exhausted; i++) await asked(client, ask('/exhausted'));
  for (let i = 0; i < SCRIPT.reset; i++) await asked(client, ask('/reset'));
  client.socket.end();
  for (let i = 0; i < SCRIPT.aborted; i++) {
    const impatient = await rig.client();
    impatient.send(ask('/silence'));
    bytes.received += ask('/silence').length;
    expected.push(expectedLine(ask('/silence'), 0));
    await rig.until(() => [...rig.context.outbound.all()].some(({ active }) => active > 0), 'the request is under way');
    impatient.socket.resetAndDestroy();
    await rig.until(() => rig.closed.length === i + 1 + Number(client.closed), 'its end');
  }
  await rig.until(() => rig.closed.length === SCRIPT.aborted + 1, 'the end of all connections');

  const samples = allSamples(rig);
  const { ok, broken, retried, exhausted, reset, aborted } = SCRIPT;
  t.same(sums(samples, 'towpath_requests_total', 'code', 'flags'), {
    200: ok + retried,
    500: broken,
    '503 URX': exhausted,
    '503 UC': reset,
    '0 DC': aborted,
  });
  t.same(sums(samples, 'towpath_requests_total', 'side', 'service', 'route', 'protocol'), {
    'outbound shop/orders shop/r/0 http1': ALL,
  });
  t.same(sums(samples, 'towpath_retries_total', 'cluster', 'reason', 'result'), {
    'shop/orders:80 status sent': retried + exhausted,
    'shop/orders:80 status exhausted': exhausted,
  });
  t.same(sums(samples, 'http_client_request_duration_seconds_count', 'http_response_status_code', 'error_type'), {
    '200 -': ok + retried,
    '500 500': broken,
    '503 URX': exhausted,
    '503 UC': reset,
    '- DC': aborted,
  });
  t.same(sums(samples, 'istio_requests_total', 'reporter', 'response_code', 'response_flags'), {
    'source 200 -': ok + retried,
    'source 500 -': broken,
    'source 503 URX': exhausted,
    'source 503 UC': reset,
    'source 0 DC': aborted,
  });
  const labels = { side: 'outbound', service: 'shop/orders', reporter: 'source' };
  checkHistograms(t, samples, { requests: ALL, ...bytes }, labels);
  t.same(sums(samples, 'towpath_connection_received_bytes_total', 'verdict'), { http1: bytes.received });
  t.same(sums(samples, 'towpath_connection_sent_bytes_total', 'verdict'), { http1: bytes.sent });
  t.same(sums(samples, 'towpath_connections_opened_total'), { '': aborted + 1 });
  t.same(sums(samples, 'towpath_connections_closed_total', 'verdict', 'ending'), {
    'http1 closed': 1,
    'http1 reset': aborted,
  });
  checkReport(t, rig, {
    side: 'outbound',
    caller: 'shop/web',
    service: 'shop/orders',
    route: 'shop/r/0',
    endings: { '200  ': ok + retried, '500  ': broken, '503 URX ': exhausted, '503 UC ': reset, '0 DC ': aborted },
    requestBytes: bytes.received,
    responseBytes: bytes.sent,
  });
  await checkLog(t, log, file, expected, 'in order');
  await check(t, rig);
});

/** Whether the answer has the body that its head promises. */
function isWhole(text: string): boolean {
  const [head = ''] = text.split('\r\n\r\n');
  return bodyOf(text).length === Number(/content-length: (\d+)/i.exec(head)?.[1]);
}

function bodyOf(text: string): string {
  return text.slice(text.indexOf('\r\n\r\n') + 4);
}
