import t from 'tap';
import { ReplayCopy } from '../../../src/proxy/replay-copy.ts';
import { ProxyRig } from '../../helpers/proxy-rig.ts';

t.test('a request is kept whole, read again, and let go; a large one is not kept', async (t) => {
  const rig = new ProxyRig();
  const { slab } = rig.reactor;
  const copy = new ReplayCopy(slab);
  t.equal(copy.restoreHead(rig.context.parser), null, 'nothing is kept');
  const text = 'GET /again HTTP/1.1\r\nHost: a\r\n\r\n';
  copy.keep(slab.composeArea, slab.bytes.write(text, slab.composeArea));
  slab.bytes.fill(0, slab.composeArea, slab.composeArea + 100);
  const head = copy.restoreHead(rig.context.parser);
  t.equal(head === null ? '' : slab.bytes.toString('latin1', head.pathAt, head.pathAt + head.pathLength), '/again');
  t.equal(slab.bytes.toString('latin1', copy.at, copy.at + copy.length), text);
  copy.drop();
  copy.drop();
  copy.keep(slab.composeArea, 1 << 20);
  t.equal(copy.at, -1);
  const { errors, chunks } = await rig.end();
  t.same([errors, chunks], [[], 0]);
});
