import t from 'tap';
import { encodeGrpcMessage, NO_GRPC_STATUS, readGrpcStatus } from '../../../../src/proxy/grpc/grpc-status.ts';
import { makeHead, makeSlab } from '../support/memory.ts';

t.test('the status is read where it stands; what is none counts as UNKNOWN', async (t) => {
  const slab = makeSlab();
  const status = (value: string): number =>
    readGrpcStatus(
      slab.bytes,
      makeHead(slab, { status: 200 }, [
        ['a', 'b'],
        ['grpc-status', value],
      ]),
    );
  for (const [value, expected] of [
    ['0', 0],
    ['16', 16],
    ['9', 9],
    ['17', 2],
    ['', 2],
    ['x', 2],
    ['1x', 2],
    ['123', 2],
  ] as const)
    t.equal(status(value), expected, value);
  t.equal(readGrpcStatus(slab.bytes, makeHead(slab, { status: 200 }, [['a', 'b']])), NO_GRPC_STATUS);
});

t.test('messages are percent-encoded UTF-8', async (t) => {
  t.equal(encodeGrpcMessage('plain words: 5 %, "ü"\n'), 'plain words: 5 %25, "%C3%BC"%0A');
});
