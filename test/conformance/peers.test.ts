/** Peers written in C (curl, nghttp, h2load, nghttpd) talk through the proxy, and the proxy counts every one of their requests. */
import './support/inside.ts';

import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import type { Http2Session } from 'node:http2';
import { join } from 'node:path';
import t from 'tap';
import { run } from '../../bench/place/programs.ts';
import { folder, nodeCommand } from './support/inside.ts';
import { isListening } from './support/listening.ts';
import { addressOf, urlOf } from './support/mesh.ts';
import { serveHttp2 } from './support/node-http2.ts';
import { http2Traffic, Rig } from './support/rig.ts';

const MANY = 10_000;
const SMALL = 6;
const FILE_BYTES = 3_000_000;
/** Where the slicer of the client's side listens. */
const SLICED_PORT = 9900;

t.setTimeout(120_000);
const rig = await Rig.start(t, { web: null, sliced: null, narrow: null, restless: null });
const { web, sliced, narrow, restless } = rig.services;
const file = join(folder, 'file');
writeFileSync(join(folder, 'index.html'), 'hello\n');
writeFileSync(file, randomBytes(FILE_BYTES));
await rig.serve(web, ['nghttpd', '--no-tls', '--echo-upload', '--trailer=x-sum: abc', '-d', folder, String(web.port)]);

const curl = (...args: readonly string[]): Promise<string> =>
  run(['curl', '-sS', '-m', '30', '--http2-prior-knowledge', ...args]);
const digest = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

await t.test('curl and nghttpd: a download and an upload have equal checksums', async (t) => {
  const got = join(folder, 'got');
  await rig.counts(t, http2Traffic(2, { 200: 2 }), async () => {
    t.equal(await curl('-o', got, '-w', '%{http_version} %{http_code}', urlOf(web, '/file')), '2 200');
    t.equal(digest(got), digest(file));
    t.equal(await curl('-o', got, '-w', '%{http_version} %{http_code}', '-T', file, urlOf(web, '/echo')), '2 200');
    t.equal(digest(got), digest(file));
  });
});

await t.test('curl uploads a body of unknown length', async (t) => {
  const got = join(folder, 'got');
  await rig.counts(t, http2Traffic(1, { 200: 1 }), async () => {
    const script = `cat ${file} | curl -sS -m 30 --http2-prior-knowledge -X POST -o ${got} -T - ${urlOf(web, '/echo')}`;
    await run(['sh', '-c', script]);
    t.equal(digest(got), digest(file));
  });
});

await t.test('curl gets a 404, and the agent counts it', async (t) => {
  await rig.counts(t, http2Traffic(1, { 404: 1 }), async () => {
    t.equal(await curl('-o', '/dev/null', '-w', '%{http_code}', urlOf(web, '/absent')), '404');
  });
});

await t.test('nghttp sees the trailers of nghttpd', async (t) => {
  await rig.counts(t, http2Traffic(1, { 200: 1 }), async () => {
    const log = await run(['nghttp', '-nv', '--no-dep', urlOf(web, '/index.html')]);
    t.match(log, /recv \(stream_id=\d+\) x-sum: abc/);
    t.match(log, /; END_STREAM/);
  });
});

await t.test('nghttp with padding, CONTINUATION and 20 requests at once', async (t) => {
  await rig.counts(t, http2Traffic(1, { 200: 20 }), async () => {
    const options = ['--no-dep', '--continuation', '--padding=200', '--multiply=20', '--null-out'];
    const log = await run(['nghttp', '--stat', ...options, urlOf(web, '/file')]);
    t.equal(log.match(/ 200 +\S+ \/file/g)?.length, 20, log);
  });
});

await t.test('nghttp with windows of 1 KB', async (t) => {
  await rig.counts(t, http2Traffic(1, { 200: 3 }), async () => {
    const options = ['--no-dep', '--window-bits=10', '--connection-window-bits=10', '--multiply=3', '--null-out'];
    const log = await run(['nghttp', '--stat', ...options, urlOf(web, '/file')]);
    t.equal(log.match(/ 200 +\S+ \/file/g)?.length, 3, log);
  });
});

await t.test('h2load: 10,000 streams on one connection', async (t) => {
  await rig.counts(t, http2Traffic(1, { 200: MANY }), async () => {
    const log = await run(['h2load', '-n', String(MANY), '-c', '1', '-m', '100', urlOf(web, '/index.html')]);
    t.match(
      log,
      new RegExp(`${MANY} total, ${MANY} started, ${MANY} done, ${MANY} succeeded, 0 failed, 0 errored, 0 timeout`),
    );
    t.match(log, new RegExp(`\\(${MANY * SMALL}\\) data`), 'every body has its bytes');
  });
});

await t.test('h2load: 50 connections with 20 streams each', async (t) => {
  await rig.counts(t, http2Traffic(50, { 200: 5000 }), async () => {
    const log = await run(['h2load', '-n', '5000', '-c', '50', '-m', '20', urlOf(web, '/index.html')]);
    t.match(log, /5000 succeeded, 0 failed, 0 errored, 0 timeout/);
  });
});

await t.test('a server that takes 3 streams at a time gets no more: the others wait their turn', async (t) => {
  const command = ['nghttpd', '--no-tls', '--max-concurrent-streams=3', '-d', folder, String(narrow.port)];
  await rig.serve(narrow, command);
  await rig.counts(t, http2Traffic(20, { 200: 2000 }), async () => {
    const log = await run(['h2load', '-n', '2000', '-c', '20', '-m', '20', urlOf(narrow, '/index.html')]);
    t.match(log, /2000 succeeded, 0 failed, 0 errored, 0 timeout/);
  });
});

await t.test('a server that says GOAWAY after every 50 requests loses none', async (t) => {
  const heard = new Map<Http2Session, number>();
  await serveHttp2(t, restless, (stream) => {
    const { session } = stream;
    if (session === undefined) return;
    const count = (heard.get(session) ?? 0) + 1;
    heard.set(session, count);
    if (count === 50) session.close();
    setTimeout(() => {
      stream.respond({ ':status': 200 });
      stream.end('hello\n');
    }, 2);
  });
  await rig.counts(t, http2Traffic(5, { 200: 2000 }), async () => {
    const log = await run(['h2load', '-n', '2000', '-c', '5', '-m', '20', urlOf(restless)]);
    t.match(log, /2000 succeeded, 0 failed, 0 errored, 0 timeout/);
  });
  t.ok(heard.size >= 20, `${heard.size} connections to the server`);
});

await t.test('one byte in each segment, from both sides', async (t) => {
  const { host, port } = addressOf(sliced);
  rig.run('slicer of the client', nodeCommand('slicer.ts', String(SLICED_PORT), host, String(port)));
  const far = rig.run(
    'slicer of the server',
    nodeCommand('slicer.ts', String(sliced.port), '127.0.0.1', String(web.port)),
  );
  await far.until('both listened', async () => isListening(SLICED_PORT) && isListening(sliced.port));
  await rig.counts(t, http2Traffic(2, { 200: 2 }), async () => {
    const url = `http://127.0.0.1:${SLICED_PORT}`;
    t.equal(await curl(`${url}/index.html`), 'hello\n');
    t.equal(
      await curl('--data-binary', '@/proc/self/cmdline', '-o', '/dev/null', '-w', '%{http_code}', `${url}/echo`),
      '200',
    );
  });
});

await t.test('the agent is sound at the end', async (t) => rig.assertSound(t));
