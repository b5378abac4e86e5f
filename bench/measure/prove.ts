/** Compares what the generator says with what the proxy has counted. Pure. */
import type { LoadResult } from '../load/load.ts';
import type { Row } from '../rows.ts';
import type { Counts } from '../subjects/subject.ts';

/** wrk first connects once, and closes without a word, to see whether there is a server at all. */
const WRK_PROBES = 1;

export function difference(before: Counts, after: Counts): Counts {
  return {
    http1Connections: after.http1Connections - before.http1Connections,
    requests: after.requests - before.requests,
    tcpConnections: after.tcpConnections - before.tcpConnections,
    tcpBytes: after.tcpBytes - before.tcpBytes,
  };
}

/** Sentences that say why the slice proves nothing; none when the counters agree with the generator. */
export function findDoubts({ load, protocol }: Row, result: LoadResult, counted: Counts): string[] {
  if (load.type === 'memory') return [];
  const doubts: string[] = [];
  const expect = (what: string, value: number, low: number, high: number): void => {
    if (!(value >= low && value <= high)) {
      doubts.push(`the proxy counted ${value} ${what}, expected ${low === high ? low : `${low} to ${high}`}`);
    }
  };
  // What is under way when the generator stops reaches the proxy but not the generator's books.
  const open = load.type === 'bulk' ? 2 : load.connections;
  const isShort = load.type === 'wrk' && load.newConnectionEach;
  const probe = load.type === 'wrk' ? WRK_PROBES : 0;
  const connections = isShort
    ? { low: result.requests, high: result.requests + open + probe }
    : { low: open, high: open + probe };
  if (protocol === 'http1') {
    expect('HTTP/1.1 connections', counted.http1Connections, connections.low, connections.high);
    expect('requests', counted.requests, result.requests, result.requests + open);
    expect('TCP connections', counted.tcpConnections, 0, 0);
  } else {
    expect('TCP connections', counted.tcpConnections, connections.low, connections.high);
    expect('HTTP/1.1 connections', counted.http1Connections, 0, 0);
  }
  if (load.type === 'bulk') {
    expect('bytes', counted.tcpBytes, result.bytes, Number.POSITIVE_INFINITY);
  }
  return doubts;
}
