import fc from 'fast-check';
import t from 'tap';
import { Http2Stream, type StreamOwner } from '../../../../../src/proxy/codec/http2/http2-stream.ts';
import { LiveStreams } from '../../../../../src/proxy/codec/http2/live-streams.ts';
import { OPEN } from '../../../../../src/proxy/codec/http2/stream-table.ts';

const nobody = {} as StreamOwner;
const create = (id: number): Http2Stream => new Http2Stream(nobody, id, null, OPEN, 0, 0);

t.test('whatever comes and goes, exactly the streams that are there are found', (t) => {
  const step = fc.record({ add: fc.boolean(), skip: fc.integer({ min: 0, max: 40 }), pick: fc.nat() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const live = new LiveStreams();
      const model = new Map<number, Http2Stream>();
      let next = 1;
      for (const { add, skip, pick } of steps) {
        const gone = [...model.values()][pick % Math.max(1, model.size)];
        if (add || gone === undefined) {
          next += 2 * skip;
          const stream = create(next);
          next += 2;
          live.add(stream);
          model.set(stream.id, stream);
        } else {
          live.remove(gone);
          model.delete(gone.id);
        }
      }
      if (live.size !== model.size) throw new Error(`${live.size} streams, should be ${model.size}`);
      for (let id = 1; id < next + 4; id += 2) {
        if (live.find(id) !== (model.get(id) ?? null)) throw new Error(`stream ${id}`);
      }
      return live.list().length === model.size;
    }),
    { numRuns: 500 },
  );
  t.pass('500 histories');
  t.end();
});

t.test('taking out a stream that is not there changes nothing', (t) => {
  const live = new LiveStreams();
  live.add(create(1));
  live.remove(create(65));
  t.equal(live.size, 1);
  t.equal(live.find(1)?.id, 1);
  t.end();
});
