import t from 'tap';
import type { LoadResult } from '../../../bench/load/load.ts';
import { type Counted, difference, findDoubts } from '../../../bench/measure/prove.ts';
import type { UpstreamCounts } from '../../../bench/place/upstream.ts';
import { ROWS, type Row } from '../../../bench/rows.ts';
import type { Counts } from '../../../bench/subjects/subject.ts';

function row(name: string): Row {
  const found = ROWS.find((known) => known.name === name);
  if (found === undefined) throw new Error(`no row ${name}`);
  return found;
}

const SILENT: Counts = { connections: null, requests: null, strays: null, bytes: null };
const result: LoadResult = {
  requests: 1000,
  exchanges: 1000,
  seconds: 1,
  bytes: 5_000_000,
  errors: 0,
  errorKinds: '',
  latency: null,
};
const bulk: LoadResult = { ...result, exchanges: null };

function counted(proxy: Partial<Counts>, upstream: UpstreamCounts | null = null): Counted {
  return { proxy: { ...SILENT, ...proxy }, upstream };
}

t.test('counters that agree with the generator leave no doubt', async (t) => {
  const kept = { connections: 32, requests: 1000 };
  t.same(findDoubts(row('h1-keepalive'), result, counted({ connections: 33, requests: 1032, strays: 1 }, kept)), []);
  t.same(findDoubts(row('h1-short'), result, counted({ connections: 1010, requests: 1005, strays: 20 })), []);
  t.same(findDoubts(row('h2-multiplexed'), result, counted({ connections: 8, requests: 1128, strays: 0 }, kept)), []);
  t.same(
    findDoubts(row('tcp-short'), result, counted({ connections: 1033 }, { connections: 1033, requests: 1000 })),
    [],
  );
  t.same(findDoubts(row('tcp-bulk'), bulk, counted({ connections: 2, bytes: 5_000_100 })), []);
  t.same(findDoubts(row('latency-1k'), result, counted({ connections: 32, requests: 1000 })), []);
});

t.test('a proxy that fell back to raw bytes is found out', async (t) => {
  const doubts = findDoubts(row('h2-multiplexed'), result, counted({ connections: 0, requests: 0, strays: 8 }));
  t.match(doubts, [
    /^the proxy's http2 connections: 0, expected 8$/,
    /^the proxy's connections of another kind: 8, expected 0$/,
    /^the proxy's requests: 0, expected 1000 to 1128$/,
  ]);
});

t.test('requests that somebody else answered are found out', async (t) => {
  const few = findDoubts(row('h1-keepalive'), result, counted({ connections: 32, requests: 999 }));
  t.same(few, ["the proxy's requests: 999, expected 1000 to 1032"]);
  const many = findDoubts(row('h1-keepalive'), result, counted({ connections: 32, requests: 2000 }));
  t.same(many, ["the proxy's requests: 2000, expected 1000 to 1032"]);
});

t.test('the upstream must have served them, also where the proxy counts nothing', async (t) => {
  const silent = (requests: number, connections: number): Counted => ({
    proxy: null,
    upstream: { connections, requests },
  });
  t.same(findDoubts(row('h2-single'), result, silent(1000, 1)), []);
  t.match(findDoubts(row('h2-single'), result, silent(0, 0)), [/the upstream's requests: 0/]);
  t.match(findDoubts(row('h1-keepalive'), result, silent(1000, 1000)), [/connections, all kept alive: 1000/]);
  t.match(findDoubts(row('tcp-short'), result, silent(1000, 32)), [/the upstream's connections: 32, expected 1000 to/]);
});

t.test('a stream is one request of the proxy and many messages of the upstream', async (t) => {
  const streams = { ...result, exchanges: 32 };
  const upstream = { connections: 8, requests: 1000 };
  t.same(findDoubts(row('grpc-stream'), streams, counted({ connections: 8, requests: 32 }, upstream)), []);
  t.match(findDoubts(row('grpc-stream'), streams, counted({ connections: 8, requests: 1000 }, upstream)), [
    /the proxy's requests: 1000, expected 32 to 64/,
  ]);
});

t.test('bulk bytes must have passed, and TCP must not have been parsed', async (t) => {
  t.match(findDoubts(row('tcp-bulk'), bulk, counted({ connections: 2, bytes: 4_999_999 })), [
    /bytes: 4999999, expected 5000000 or more/,
  ]);
  t.match(findDoubts(row('tcp-short'), result, counted({ connections: 1000, strays: 1 })), [/another kind: 1/]);
});

t.test('a counter that is missing is a doubt, not a pass', async (t) => {
  const doubts = findDoubts(row('h1-keepalive'), result, counted({ connections: 32, requests: Number.NaN }));
  t.match(doubts, [/requests: NaN/]);
});

t.test('counts are compared with those before', async (t) => {
  const before = counted({ connections: 1, requests: 2 }, { connections: 3, requests: 4 });
  const after = counted({ connections: 11, requests: 22 }, { connections: 33, requests: 44 });
  t.same(difference(before, after), counted({ connections: 10, requests: 20 }, { connections: 30, requests: 40 }));
  t.same(difference({ proxy: null, upstream: null }, after), { proxy: null, upstream: null });
});
