import t from 'tap';
import { decideTrailerFates, fates, KEEP } from '../../../../../src/proxy/codec/http2/hpack-fates.ts';
import { plain } from './support/hpack-reference.ts';
import { bytes, DecoderRig } from './support/hpack-rig.ts';

function keptOf(names: readonly string[]): string[] {
  const rig = new DecoderRig();
  const lines = rig.decode(plain(...names.map((name) => `${name}: x`)), 'trailers') as string[];
  const count = decideTrailerFates(bytes, rig.head);
  const kept = lines.filter((_, i) => fates[i] === KEEP).map((line) => line.slice(0, -3));
  t.equal(kept.length, count);
  return kept;
}

t.test('what may follow a body', (t) => {
  const names = [
    'grpc-status',
    'grpc-message',
    'grpc-status-details-bin',
    'x-checksum',
    'server-timing',
    'etag',
    'hosts',
  ];
  t.strictSame(keptOf(names), names);
  t.end();
});

t.test('what may not, whatever stands beside it', (t) => {
  const names = [
    'host',
    'content-length',
    'content-type',
    'authorization',
    'cookie',
    'set-cookie',
    'trailer',
    'expect',
  ];
  const prefixed = [
    'if-match',
    'proxy-authorization',
    'x-forwarded-for',
    'x-towpath-peer',
    'x-envoy-x',
    'x-request-id',
  ];
  t.strictSame(keptOf(['a', ...names, ...prefixed, 'b']), ['a', 'b']);
  t.end();
});
