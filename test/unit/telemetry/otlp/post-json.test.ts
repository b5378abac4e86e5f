import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { postJson } from '../../../../src/telemetry/otlp/post-json.ts';

t.test('what the answer of a collector means', async (t) => {
  let answer: readonly [status: number, body: string] = [200, ''];
  const server = createServer((request, response) => {
    request.resume();
    request.on('end', () => response.writeHead(answer[0]).end(answer[1]));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/logs`);
  for (const [status, body, wanted] of [
    [200, '{}', { type: 'taken', rejected: 0, problem: '' }],
    [202, 'no json', { type: 'taken', rejected: 0 }],
    [200, '{"partialSuccess":{"rejectedSpans":"2"}}', { type: 'taken', rejected: 2 }],
    [200, '{"partialSuccess":{"rejectedLogRecords":"3"}}', { type: 'taken', rejected: 3 }],
    [200, '{"partialSuccess":{"rejectedLogRecords":"-3"}}', { type: 'taken', rejected: 0 }],
    [429, '', { type: 'later', problem: 'the collector answers 429' }],
    [503, '', { type: 'later' }],
    [400, '', { type: 'refused', problem: 'the collector answers 400' }],
    [500, '', { type: 'refused' }],
  ] as const) {
    answer = [status, body];
    t.match(await postJson(url, '{}'), wanted, `${status} ${body}`);
  }

  t.match(
    await postJson(new URL('http://127.0.0.1:1/v1/logs'), '{}'),
    { type: 'later', problem: /ECONNREFUSED/ },
    'nobody there',
  );
});
