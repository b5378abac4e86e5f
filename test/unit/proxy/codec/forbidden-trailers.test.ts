import t from 'tap';
import { isForbiddenInTrailers } from '../../../../src/proxy/codec/forbidden-trailers.ts';

const isForbidden = (name: string): boolean => isForbiddenInTrailers(Buffer.from(`x${name}y`), 1, name.length);

t.test('what steers a message may not come after its body, in any case of letters', async (t) => {
  const names = ['transfer-encoding', 'Content-Length', 'HOST', 'te', 'cookie', 'Set-Cookie', 'x-request-id'];
  const prefixed = [
    'content-md5',
    'If-None-Match',
    'proxy-authorization',
    'x-forwarded-for',
    'X-Towpath-Error',
    'x-envoy-peer',
  ];
  for (const name of [...names, ...prefixed]) t.ok(isForbidden(name), name);
});

t.test('everything else may', async (t) => {
  for (const name of [
    'grpc-status',
    'grpc-message',
    'server-timing',
    'digest',
    'x-checksum',
    'tea',
    'hosts',
    'conten',
    '',
  ]) {
    t.notOk(isForbidden(name), name);
  }
});
