import t from 'tap';
import {
  AT_REQUEST_BYTES,
  AT_REQUEST_SIZE,
  AT_RESPONSE_BYTES,
  AT_RESPONSE_SIZE,
  AT_SECONDS,
  BLOCK_SLOTS,
  DURATION_BOUNDS,
  requestsOf,
  SIZE_BOUNDS,
} from '../../../src/contract/request-block.ts';
import { Counters } from '../../../src/proxy/counters.ts';
import { NO_GRPC_STATUS } from '../../../src/proxy/grpc/grpc-status.ts';
import { HTTP1, RequestBlocks } from '../../../src/proxy/request-blocks.ts';

t.test('each request falls into one bucket of each kind, bounds included', async (t) => {
  const counters = new Counters(Counters.sharedMemory(), () => {});
  const blocks = new RequestBlocks(counters, { side: 'inbound' });
  const place = blocks.place(HTTP1, 2, 0, 200, '', NO_GRPC_STATUS);
  t.equal(blocks.place(HTTP1, 2, 0, 200, '', NO_GRPC_STATUS), place);
  blocks.observe(place, 0.004, 100, 256);
  blocks.observe(place, 0.005, 257, 20_000_000);
  blocks.observe(place, 0.0051, 0, 0);
  blocks.observe(place, 99, 1, 1);
  const held = counters.values.slice(place, place + BLOCK_SLOTS);
  t.equal(requestsOf(held), 4);
  t.equal(held[DURATION_BOUNDS.indexOf(0.005)], 2);
  t.equal(held[DURATION_BOUNDS.indexOf(0.01)], 1);
  t.equal(held[DURATION_BOUNDS.length], 1);
  t.equal(held[AT_SECONDS], 0.004 + 0.005 + 0.0051 + 99);
  t.strictSame([...held.slice(AT_REQUEST_SIZE, AT_REQUEST_SIZE + 2)], [3, 1]);
  t.equal(held[AT_REQUEST_BYTES], 358);
  t.equal(held[AT_RESPONSE_SIZE], 3);
  t.equal(held[AT_RESPONSE_SIZE + SIZE_BOUNDS.length], 1);
  t.equal(held[AT_RESPONSE_BYTES], 20_000_257);
  blocks.forget();
  t.equal(blocks.place(HTTP1, 2, 0, 200, '', NO_GRPC_STATUS), place, 'what was not taken back is found where it was');
});
