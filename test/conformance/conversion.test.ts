/** Programs that speak one version of HTTP call servers that speak the other, by curl. */
import './support/inside.ts';

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { run } from '../../bench/place/programs.ts';
import type { Metrics } from '../network/support/metrics.ts';
import { type SideTraffic, trafficBetween } from '../network/support/traffic.ts';
import { folder } from './support/inside.ts';
import { type Service, urlOf } from './support/mesh.ts';
import { type Recorder, recordHttp1, recordHttp2, type Seen } from './support/recording-servers.ts';
import { Rig } from './support/rig.ts';

t.setTimeout(120_000);
/** `modern` is declared HTTP/2 and called with HTTP/1.1; `classic` the other way round. */
const rig = await Rig.start(t, { modern: 'kubernetes.io/h2c', classic: 'http' });
const { modern, classic } = rig.services;
const servers = { modern: await recordHttp2(modern), classic: await recordHttp1(classic) };
t.teardown(() => Promise.all(Object.values(servers).map((server) => server.close())));
const upload = join(folder, 'upload');
writeFileSync(upload, 'u'.repeat(200_000));

interface Direction {
  readonly name: string;
  readonly service: Service;
  readonly server: Recorder;
  /** Makes curl speak the client's version. */
  readonly flag: string;
  /** As curl and as the server call the version. */
  readonly client: string;
  readonly upstream: string;
  readonly verdict: string;
}

const DIRECTIONS: readonly Direction[] = [
  {
    name: 'HTTP/1.1 to HTTP/2',
    service: modern,
    server: servers.modern,
    flag: '--http1.1',
    client: '1.1',
    upstream: '2.0',
    verdict: 'http1',
  },
  {
    name: 'HTTP/2 to HTTP/1.1',
    service: classic,
    server: servers.classic,
    flag: '--http2-prior-knowledge',
    client: '2',
    upstream: '1.1',
    verdict: 'http2',
  },
];

interface Exchange {
  readonly title: string;
  /** For curl, before the URL. */
  readonly args: readonly string[];
  readonly path: string;
  readonly code: number;
  /** What curl wrote: heads and body. */
  readonly answer: RegExp;
  readonly check: (t: Test, seen: Seen) => void;
}

const EXCHANGES: readonly Exchange[] = [
  {
    title: 'a request and its answer keep their fields',
    args: ['-H', 'X-Mixed-Case: Value', '-H', 'cookie: a=1; b=2'],
    path: '/page?q=1',
    code: 200,
    answer: /x-server: (2\.0|1\.1).*set-cookie: a=1\r\nset-cookie: b=2.*got 0$/is,
    check(t, seen) {
      t.equal(seen.method, 'GET');
      t.equal(seen.url, '/page?q=1');
      t.equal(seen.headers['x-mixed-case'], 'Value');
      t.equal(seen.headers['cookie'], 'a=1; b=2');
    },
  },
  {
    title: 'fields of the connection stay on it, those that it nominates too',
    args: [
      '-H',
      'Connection: x-private, keep-alive',
      '-H',
      'x-private: 1',
      '-H',
      'keep-alive: timeout=5',
      '-H',
      'te: trailers',
    ],
    path: '/',
    code: 200,
    answer: /got 0$/,
    check(t, seen) {
      t.equal(seen.headers['te'], 'trailers');
      // HTTP/1.1 wants it nominated (RFC 9110 10.1.4), HTTP/2 has no such field.
      t.match(seen.headers['connection'] ?? 'none', seen.version === '1.1' ? /\bte\b/i : /^none$/);
      for (const name of ['keep-alive', 'proxy-connection', 'upgrade']) t.notOk(name in seen.headers, name);
      // curl drops the nomination when it speaks HTTP/2, which has none.
      t.equal('x-private' in seen.headers, seen.version === '1.1');
    },
  },
  {
    title: 'a body with a length',
    args: ['--data-binary', `@${upload}`],
    path: '/',
    code: 200,
    answer: /got 200000$/,
    check(t, seen) {
      t.equal(seen.headers['content-length'], '200000');
      t.notOk('transfer-encoding' in seen.headers);
    },
  },
  {
    title: 'a body of unknown length',
    args: ['-H', 'Transfer-Encoding: chunked', '--data-binary', `@${upload}`],
    path: '/',
    code: 200,
    answer: /got 200000$/,
    check: (t, seen) => t.notOk('content-length' in seen.headers),
  },
  {
    title: 'HEAD',
    args: ['--head'],
    path: '/length',
    code: 200,
    answer: /content-length: 5\r\n/is,
    check: (t, seen) => t.equal(seen.method, 'HEAD'),
  },
  {
    title: 'an answer with a length',
    args: [],
    path: '/length',
    code: 200,
    answer: /content-length: 5\r\n.*whole$/is,
    check: () => {},
  },
  { title: '204', args: [], path: '/empty', code: 204, answer: / 204 ?.*\r\n\r\n$/s, check: () => {} },
  {
    title: '304',
    args: [],
    path: '/unchanged',
    code: 304,
    answer: / 304 .*etag: "a".*\r\n\r\n$/is,
    check: () => {},
  },
  {
    title: 'early hints before the answer',
    args: [],
    path: '/hints',
    code: 200,
    answer: / 103 .*link: <\/a\.css>; rel=preload.* 200 .*after hints$/is,
    check: () => {},
  },
  {
    title: 'trailers of the answer',
    args: [],
    path: '/trailers',
    code: 200,
    answer: /with trailers(x-sum: abc\r\n)?/,
    check: () => {},
  },
  {
    title: 'a client that waits for 100',
    args: ['-H', 'Expect: 100-continue', '--data-binary', `@${upload}`],
    path: '/',
    code: 200,
    answer: /got 200000$/,
    check: () => {},
  },
];

/** Connections by the version that their clients spoke, and requests. */
type Converted = Pick<SideTraffic, 'closed' | 'requests'>;

function convertedBetween(before: Metrics, after: Metrics): Converted {
  const { closed, requests } = trafficBetween(before, after, 'outbound');
  return { closed, requests };
}

function traffic({ verdict }: Direction, requests: Readonly<Record<string, number>>, ending = 'closed'): Converted {
  return { closed: { [`${verdict} ${ending}`]: 1 }, requests };
}

for (const direction of DIRECTIONS) {
  for (const { title, args, path, code, answer, check } of EXCHANGES) {
    await t.test(`${direction.name}: ${title}`, async (t) => {
      const { seen } = direction.server;
      const before = seen.length;
      await rig.countsBy(t, convertedBetween, traffic(direction, { [code]: 1 }), async () => {
        const command = ['curl', '-sS', '-m', '5', '-i', direction.flag, ...args, urlOf(direction.service, path)];
        const printed = await run(command);
        t.match(printed, new RegExp(`HTTP/${direction.client} ${code}`));
        t.match(printed, answer);
        t.equal(seen.length, before + 1);
        const [heard] = seen.slice(before);
        t.equal(heard?.version, direction.upstream);
        if (heard !== undefined) check(t, heard);
      });
    });
  }

  await t.test(`${direction.name}: an answer that is cut off looks cut off`, async (t) => {
    // HTTP/2 resets the stream, HTTP/1.1 has nothing but the connection.
    const cut =
      direction.client === '2' ? traffic(direction, { '200 UC': 1 }) : traffic(direction, { '200 UR': 1 }, 'reset');
    await rig.countsBy(t, convertedBetween, cut, async () => {
      const command = ['curl', '-sS', '-m', '5', direction.flag, urlOf(direction.service, '/cut')];
      // 18: partial file; 56: reset; 92: stream error.
      await t.rejects(run(command), /curl: \((18|56|92)\)/);
    });
  });
}

await t.test('100 streams of one connection reach a server of HTTP/1.1', async (t) => {
  const before = servers.classic.seen.length;
  const expected = { closed: { 'http2 closed': 1 }, requests: { 200: 1000 } };
  await rig.countsBy(t, convertedBetween, expected, async () => {
    const log = await run(['h2load', '-n', '1000', '-c', '1', '-m', '100', urlOf(classic, '/length')]);
    t.match(log, /1000 succeeded, 0 failed, 0 errored, 0 timeout/);
  });
  t.equal(servers.classic.seen.length - before, 1000);
});

await t.test('the agent is sound at the end', async (t) => rig.assertSound(t));
