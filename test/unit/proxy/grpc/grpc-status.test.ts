import t from 'tap';
import {
  encodeGrpcMessage,
  grpcStatusOf,
  NO_GRPC_STATUS,
  readGrpcStatus,
} from '../../../../src/proxy/grpc/grpc-status.ts';
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

t.test('what an HTTP status means', async (t) => {
  for (const [http, grpc] of [
    [400, 13],
    [401, 16],
    [403, 7],
    [404, 12],
    [429, 14],
    [502, 14],
    [503, 14],
    [504, 14],
    [200, 2],
    [302, 2],
    [500, 2],
  ]) {
    t.equal(grpcStatusOf(http), grpc, String(http));
  }
});
