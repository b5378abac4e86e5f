/** Metrics against a script: what is counted is what was done, and labels that others make up are none. */
import t from 'tap';
import { ask, connectHttp2, ended, serveHttp2 } from '../../helpers/http2-peers.ts';
import { address, ProxyRig } from '../../helpers/proxy-rig.ts';
import { check, ruledService } from './support/http2-rig.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

t.test('10,000 distinct hosts, paths and methods leave the number of series as it was', async (t) => {
  const rig = new ProxyRig();
  const { port } = await rig.serve((socket) => {
    let rest = '';
    socket.on('data', (chunk) => {
      const heads = (rest + chunk.toString('latin1')).split('\r\n\r\n');
      rest = heads.pop() ?? '';
      socket.write(OK.repeat(heads.length));
    });
  });
  rig.destination = address('127.0.0.1', port);
  const client = await rig.client();
  const round = async (from: number, count: number): Promise<void> => {
    client.clear();
    let text = '';
    for (let i = from; i < from + count; i++)
      text += `M${i % 500} /path/${i}?q=${i} HTTP/1.1\r\nHost: host-${i}.example\r\n\r\n`;
    client.send(text);
    await rig.until(() => client.bytes >= count * OK.length, `${count} answers`, 30_000);
  };
  await round(0, 10);
  const before = rig.samples().length;
  for (let from = 10; from < 10_010; from += 1000) await round(from, 1000);
  t.equal(rig.samples().length, before);
  t.equal(rig.count('towpath_requests_total', { service: '', code: '200' }), 10_010);
  t.equal(rig.count('http_client_request_duration_seconds_count', { http_request_method: '_OTHER' }), 10_010);
  await check(t, rig);
});

t.test('bytes of requests are those of the connection', async (t) => {
  const rig = new ProxyRig();
  const { port } = await rig.serve((socket) => socket.on('data', () => socket.write(OK)));
  rig.service(ruledService([port], {}, {}, 'http1'));
  const client = await rig.client();
  let sent = 0;
  for (let i = 0; i < 5; i++) {
    client.clear();
    const text = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${i * 100}\r\n\r\n${'x'.repeat(i * 100)}`;
    sent += text.length;
    client.send(text);
    await rig.until(() => client.text === OK, 'the answer');
  }
  client.socket.end();
  await rig.until(() => rig.closed.length === 1, 'the end');
  const labels = { side: 'outbound', service: 'shop/orders' };
  t.equal(rig.count('towpath_request_bytes_sum', labels), sent);
  t.equal(rig.count('towpath_response_bytes_sum', labels), 5 * OK.length);
  t.equal(rig.count('towpath_connection_received_bytes_total', { verdict: 'http1' }), sent);
  t.equal(rig.count('towpath_connection_sent_bytes_total', { verdict: 'http1' }), 5 * OK.length);
  t.equal(rig.count('towpath_request_bytes_bucket', { ...labels, le: '256.0' }), 3);
  await check(t, rig);
});

t.test('bytes of HTTP/2 are those of the bodies', async (t) => {
  const rig = new ProxyRig();
  const server = await serveHttp2(rig, (stream) => {
    stream.resume();
    stream.on('end', () => {
      stream.respond({ ':status': 200 });
      stream.end('y'.repeat(3000));
    });
  });
  rig.service(ruledService([server.port], {}, {}, 'http2'));
  const session = await connectHttp2(rig);
  const answer = await ask(session, { ':method': 'POST' }, 'x'.repeat(1000));
  await ended(answer);
  const labels = { side: 'outbound', service: 'shop/orders' };
  t.equal(rig.count('towpath_request_bytes_sum', labels), 1000);
  t.equal(rig.count('towpath_response_bytes_sum', labels), 3000);
  const otel = { http_request_method: 'POST', network_protocol_version: '2', http_response_status_code: '200' };
  t.equal(rig.count('http_client_request_duration_seconds_count', otel), 1);
  session.destroy();
  await check(t, rig);
});

t.test('retries, refusals and answers of our own are told apart', async (t) => {
  const rig = new ProxyRig();
  let seen = 0;
  const { port } = await rig.serve((socket) =>
    socket.on('data', () => {
      seen++;
      socket.write(seen % 2 === 1 ? OK.replace('200 OK', '503 Busy') : OK);
    }),
  );
  rig.service(ruledService([port], { retry: { attempts: 1, codes: [503] } }, {}, 'http1'));
  const client = await rig.client();
  for (let i = 0; i < 10; i++) {
    client.clear();
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await rig.until(() => client.text === OK, 'the answer');
  }
  t.equal(seen, 20);
  t.equal(rig.count('towpath_retries_total', { reason: 'status', result: 'sent' }), 10);
  t.equal(rig.count('towpath_requests_total', { code: '200', flags: '' }), 10, 'a request that was sent twice is one');
  client.clear();
  client.send('nonsense\r\n\r\n');
  await rig.until(() => client.ended, 'the refusal');
  t.equal(rig.count('towpath_requests_total', { code: '400', flags: 'DPE' }), 1);
  const refused = { http_request_method: '_OTHER', http_response_status_code: '400', error_type: 'DPE' };
  t.equal(rig.count('http_client_request_duration_seconds_count', refused), 1);
  await check(t, rig);
});
