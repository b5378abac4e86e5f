/** A load with known numbers that arrives at a program of this host: all that is counted, and every line of the log, is compared at once. */
import { join } from 'node:path';
import t from 'tap';
import { address, ProxyRig, type RigClient } from '../../helpers/proxy-rig.ts';
import { check, closedPort } from './support/http2-rig.ts';
import { allSamples, checkHistograms, checkLog, checkReport, type Line, startLog, sums } from './support/scripted.ts';

const answer = (status: string, body: string): string =>
  `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
const ask = (path: string, body = ''): string =>
  `POST ${path} HTTP/1.1\r\nHost: orders.shop\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

/** Of these a client gets one after the other on one connection. */
const ANSWERS: Readonly<Record<string, string>> = {
  '/ok': answer('200 OK', 'x'.repeat(3000)),
  '/missing': answer('404 Missing', 'no such order'),
  '/broken': answer('500 Broken', 'sorry'),
};
/** The head and the beginning of an answer that goes no further. */
const PART = answer('200 OK', 'x'.repeat(3000)).slice(0, -2000);

/** How many of each. What is not answered ends the client's connection. */
const SCRIPT = { ok: 30, missing: 8, broken: 12, torn: 3, lost: 5, gone: 4, left: 2, aborted: 6, refused: 3 } as const;
const ALL = Object.values(SCRIPT).reduce((a, b) => a + b, 0);

const WHERE = { side: 'inbound', protocol: 'HTTP/1.1', service: 'shop/orders', route: null };
const NOT_GRPC = { grpc: null, grpcName: null };

t.test('successes, failures, resets of both sides, refusals and bytes', async (t) => {
  const rig = new ProxyRig();
  rig.side = 'inbound';
  const file = join(t.testdir({}), 'access.log');
  const log = startLog(rig, file);
  const { port } = await rig.serve((socket) =>
    socket.on('data', (chunk) => {
      const path = chunk.toString('latin1').split(' ', 2)[1] ?? '';
      if (path === '/torn') socket.write(PART, () => socket.resetAndDestroy());
      else if (path === '/left') socket.write(PART);
      else if (path === '/lost') socket.resetAndDestroy();
      else if (path === '/gone') socket.end();
      else socket.write(ANSWERS[path] ?? '');
    }),
  );
  const deaf = await closedPort();
  const ports = [port, deaf].map((one) => ({ name: `p${one}`, port: one, protocol: 'http1' as const }));
  rig.context.table.setInbound([{ namespace: 'shop', name: 'orders', ports }]);
  rig.destination = address('127.0.0.1', port);

  const expected: Line[] = [];
  /** As the proxy sees them. */
  const bytes = { received: 0, sent: 0 };
  const note = (path: string, ending: Pick<Line, 'code' | 'flag'>, body: string, sent: number): void => {
    bytes.received += ask(path, body).length;
    expected.push({ path, ...ending, attempts: 1, received: body.length, sent, ...NOT_GRPC, ...WHERE });
  };
  const client = await rig.client();
  for (const kind of ['ok', 'missing', 'broken'] as const) {
    const path = `/${kind}`;
    const whole = ANSWERS[path] ?? '';
    for (let i = 0; i < SCRIPT[kind]; i++) {
      client.clear();
      client.send(ask(path, 'y'.repeat(i * 10)));
      await rig.until(() => client.text === whole, `answer ${i} to ${path}`);
      bytes.sent += whole.length;
      note(path, { code: Number(whole.split(' ')[1]), flag: null }, 'y'.repeat(i * 10), bodyOf(whole).length);
    }
  }
  client.socket.end();
  await rig.until(() => rig.closed.length === 1, 'the end of the good connection');

  /** Clients that send one request each; `act` is what they do once it is under way. */
  const unlucky = async (
    kind: keyof typeof SCRIPT,
    line: Pick<Line, 'code' | 'flag'>,
    head: string,
    act: (client: RigClient) => Promise<void> = async () => {},
  ): Promise<void> => {
    for (let i = 0; i < SCRIPT[kind]; i++) {
      const before = rig.closed.length;
      const one = await rig.client();
      one.send(ask(`/${kind}`, 'y'.repeat(20)));
      await act(one);
      await rig.until(() => rig.closed.length > before, `the end of /${kind}`);
      bytes.sent += head.length;
      note(`/${kind}`, line, 'y'.repeat(20), bodyOf(head).length);
      one.socket.destroy();
    }
  };
  const underWay = (): boolean => [...rig.context.inbound.all()].some(({ active }) => active > 0);
  const giveUp = async (one: RigClient): Promise<void> => {
    await rig.until(underWay, 'the request is under way');
    one.socket.resetAndDestroy();
  };
  await unlucky('torn', { code: 200, flag: 'UC' }, PART);
  await unlucky('lost', { code: 0, flag: 'UC' }, '');
  await unlucky('gone', { code: 0, flag: 'UC' }, '');
  await unlucky('left', { code: 200, flag: 'DC' }, PART, async (one) => {
    await rig.until(() => one.text === PART, 'half an answer');
    one.socket.resetAndDestroy();
  });
  await unlucky('aborted', { code: 0, flag: 'DC' }, '', giveUp);
  rig.destination = address('127.0.0.1', deaf);
  await unlucky('refused', { code: 0, flag: 'UF' }, '');

  const samples = allSamples(rig);
  const { ok, missing, broken, torn, lost, gone, left, aborted, refused } = SCRIPT;
  t.same(sums(samples, 'towpath_requests_total', 'code', 'flags'), {
    200: ok,
    404: missing,
    500: broken,
    '200 UC': torn,
    '0 UC': lost + gone,
    '200 DC': left,
    '0 DC': aborted,
    '0 UF': refused,
  });
  t.same(sums(samples, 'towpath_requests_total', 'side', 'service', 'protocol', 'route', 'endpoint', 'grpc_status'), {
    'inbound shop/orders http1   -': ALL,
  });
  const http = 'http_server_request_duration_seconds_count';
  t.same(sums(samples, http, 'http_request_method', 'network_protocol_version', 'server_address', 'http_route'), {
    'POST 1.1 orders.shop -': ALL,
  });
  t.same(sums(samples, http, 'http_response_status_code', 'error_type'), {
    '200 -': ok,
    '200 UC': torn,
    '200 DC': left,
    '404 -': missing,
    '500 500': broken,
    '- UC': lost + gone,
    '- DC': aborted,
    '- UF': refused,
  });
  t.same(sums(samples, 'istio_requests_total', 'reporter', 'response_code', 'response_flags'), {
    'destination 200 -': ok,
    'destination 404 -': missing,
    'destination 500 -': broken,
    'destination 200 UC': torn,
    'destination 0 UC': lost + gone,
    'destination 200 DC': left,
    'destination 0 DC': aborted,
    'destination 0 UF': refused,
  });
  const labels = { side: 'inbound', service: 'shop/orders', reporter: 'destination' };
  checkHistograms(t, samples, { requests: ALL, ...bytes }, labels);
  const connections = 1 + torn + lost + gone + left + aborted + refused;
  t.same(sums(samples, 'towpath_connections_opened_total', 'side'), { inbound: connections });
  t.same(sums(samples, 'towpath_connections_closed_total', 'side', 'verdict', 'ending', 'service'), {
    'inbound http1 closed shop/orders': 1 + gone,
    'inbound http1 reset shop/orders': torn + lost + left + aborted,
    'inbound http1 unreachable shop/orders': refused,
  });
  t.same(sums(samples, 'towpath_connection_received_bytes_total', 'side', 'verdict'), {
    'inbound http1': bytes.received,
  });
  t.same(sums(samples, 'towpath_connection_sent_bytes_total', 'side', 'verdict'), { 'inbound http1': bytes.sent });
  for (const none of [
    'towpath_retries_total',
    'towpath_backend_requests_total',
    'http_client_request_duration_seconds_count',
  ])
    t.same(sums(samples, none), {}, none);
  checkReport(t, rig, {
    side: 'inbound',
    caller: '',
    service: 'shop/orders',
    route: '',
    endings: {
      '200  ': ok,
      '404  ': missing,
      '500  ': broken,
      '200 UC ': torn,
      '0 UC ': lost + gone,
      '200 DC ': left,
      '0 DC ': aborted,
      '0 UF ': refused,
    },
    requestBytes: bytes.received,
    responseBytes: bytes.sent,
  });
  await checkLog(t, log, file, expected, 'in order');
  await check(t, rig);
});

function bodyOf(text: string): string {
  return text === '' ? '' : text.slice(text.indexOf('\r\n\r\n') + 4);
}
