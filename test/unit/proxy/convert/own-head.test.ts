import t from 'tap';
import { OwnHead } from '../../../../src/proxy/convert/own-head.ts';
import { makeSlab, read } from '../support/memory.ts';

t.test('text becomes fields that lie one behind the other', async (t) => {
  const slab = makeSlab();
  const head = new OwnHead(slab.bytes);
  for (let round = 0; round < 2; round++) {
    head.begin(0, slab.composeArea);
    head.add('grpc-status', '14');
    head.add('grpc-message', 'no');
    t.equal(head.fieldCount, 2);
    t.equal(read(slab, head.nameAt[1], head.nameLength[1]), 'grpc-message');
    t.equal(read(slab, head.valueAt[0], head.valueLength[0]), '14');
  }
  head.begin(0, slab.composeArea);
  for (let i = 0; i < 200; i++) head.add('a', 'b');
  t.equal(head.fieldCount, 128, 'what does not fit is left out');
});
