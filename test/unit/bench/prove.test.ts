import t from 'tap';
import type { LoadResult } from '../../../bench/load/load.ts';
import { difference, findDoubts } from '../../../bench/measure/prove.ts';
import { ROWS, type Row } from '../../../bench/rows.ts';
import type { Counts } from '../../../bench/subjects/subject.ts';

function row(name: string): Row {
  const found = ROWS.find((known) => known.name === name);
  if (found === undefined) throw new Error(`no row ${name}`);
  return found;
}

const NOTHING: Counts = { http1Connections: 0, requests: 0, tcpConnections: 0, tcpBytes: 0 };
const result: LoadResult = { requests: 1000, seconds: 1, bytes: 5_000_000, errors: 0, errorKinds: '', latency: null };

t.test('counters that agree with the generator leave no doubt', async (t) => {
  t.same(findDoubts(row('h1-keepalive'), result, { ...NOTHING, http1Connections: 33, requests: 1032 }), []);
  t.same(findDoubts(row('h1-short'), result, { ...NOTHING, http1Connections: 1010, requests: 1005 }), []);
  t.same(findDoubts(row('tcp-short'), result, { ...NOTHING, tcpConnections: 1033 }), []);
  t.same(findDoubts(row('tcp-bulk'), result, { ...NOTHING, tcpConnections: 2, tcpBytes: 5_000_100 }), []);
  t.same(findDoubts(row('latency-1k'), result, { ...NOTHING, http1Connections: 32, requests: 1000 }), []);
});

t.test('a proxy that fell back to raw bytes is found out', async (t) => {
  const doubts = findDoubts(row('h1-keepalive'), result, { ...NOTHING, tcpConnections: 32 });
  t.match(
    doubts.join('\n'),
    /0 HTTP\/1\.1 connections, expected 32 to 33\n.*0 requests.*\n.*32 TCP connections, expected 0/,
  );
});

t.test('requests that somebody else answered are found out', async (t) => {
  const short = findDoubts(row('h1-keepalive'), result, { ...NOTHING, http1Connections: 32, requests: 999 });
  t.same(short, ['the proxy counted 999 requests, expected 1000 to 1032']);
  const many = findDoubts(row('h1-keepalive'), result, { ...NOTHING, http1Connections: 32, requests: 2000 });
  t.same(many, ['the proxy counted 2000 requests, expected 1000 to 1032']);
});

t.test('bulk bytes must have passed, and TCP must not have been parsed', async (t) => {
  t.match(findDoubts(row('tcp-bulk'), result, { ...NOTHING, tcpConnections: 2, tcpBytes: 4_999_999 }), [
    /4999999 bytes/,
  ]);
  t.match(findDoubts(row('tcp-short'), result, { ...NOTHING, tcpConnections: 1000, http1Connections: 1 }), [
    /1 HTTP\/1\.1 connections, expected 0/,
  ]);
});

t.test('a counter that is missing is a doubt, not a pass', async (t) => {
  const counted = { ...NOTHING, http1Connections: 32, requests: Number.NaN };
  t.match(findDoubts(row('h1-keepalive'), result, counted), [/NaN requests/]);
});

t.test('counts are compared with those before', async (t) => {
  const before = { http1Connections: 1, requests: 2, tcpConnections: 3, tcpBytes: 4 };
  const after = { http1Connections: 11, requests: 22, tcpConnections: 33, tcpBytes: 44 };
  t.same(difference(before, after), { http1Connections: 10, requests: 20, tcpConnections: 30, tcpBytes: 40 });
});
