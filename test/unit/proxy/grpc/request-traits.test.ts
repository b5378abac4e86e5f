import t from 'tap';
import { type RequestTraits, readTraits } from '../../../../src/proxy/grpc/request-traits.ts';
import { makeHead, makeSlab } from '../support/memory.ts';

const slab = makeSlab();

function traitsOf(method: string, fields: [string, string][]): RequestTraits {
  const traits: RequestTraits = { isGrpc: true, timeoutField: 9, hasRequestId: true };
  readTraits(slab.bytes, makeHead(slab, { method }, fields), traits);
  return traits;
}

t.test('gRPC is a POST with its content type, whatever its suffix', async (t) => {
  for (const type of ['application/grpc', 'application/grpc+proto', 'application/grpc;x=y'])
    t.ok(traitsOf('POST', [['content-type', type]]).isGrpc, type);
  for (const type of ['application/grpc-web', 'application/grpcx', 'application/json', 'application/grp', ''])
    t.notOk(traitsOf('POST', [['content-type', type]]).isGrpc, type);
  t.notOk(traitsOf('GET', [['content-type', 'application/grpc']]).isGrpc);
});

t.test('its deadline and the request id are found', async (t) => {
  t.same(
    traitsOf('POST', [
      ['a', 'b'],
      ['grpc-timeout', '1S'],
      ['X-Request-ID', 'z'],
    ]),
    {
      isGrpc: false,
      timeoutField: 1,
      hasRequestId: true,
    },
  );
  t.same(traitsOf('GET', [['x-request-ix', 'z']]), { isGrpc: false, timeoutField: -1, hasRequestId: false });
});
