import t from 'tap';
import { type EncodedKey, EncodedMemory } from '../../../../../src/proxy/codec/http2/hpack-encoded.ts';

const bytes = Buffer.alloc(4096);
const key = (section: number, version: number): EncodedKey => ({ section, version, edits: null, scheme: '' });

t.test('a section is known by all of its key', (t) => {
  const memory = new EncodedMemory();
  bytes.write('abc', 0, 'latin1');
  memory.keep(key(5, 7), bytes, 0, 3);
  t.equal(memory.recall(key(5, 7), bytes, 100, 50), 3);
  t.equal(bytes.toString('latin1', 100, 103), 'abc');
  for (let i = 0; i < 1000; i++) {
    if (i !== 5) t.equal(memory.recall(key(i, 7), bytes, 100, 50), 0);
    if (i !== 7) t.equal(memory.recall(key(5, i), bytes, 100, 50), 0);
  }
  t.equal(memory.recall({ ...key(5, 7), scheme: 'https' }, bytes, 100, 50), 0);
  const edits = { edits: [], path: null, setsHost: false, maxBytes: 0, ignored: [] };
  t.equal(memory.recall({ ...key(5, 7), edits }, bytes, 100, 50), 0);
  t.equal(memory.recall(key(5, 7), bytes, 100, 2), 0, 'and it must fit');
  t.equal(memory.recall(key(5, 7), bytes, 100, -5), 0);
  t.end();
});

t.test('long sections are not kept', (t) => {
  const memory = new EncodedMemory();
  memory.keep(key(300, 301), bytes, 0, 512);
  t.equal(memory.recall(key(300, 301), bytes, 1000, 512), 512);
  memory.keep(key(302, 301), bytes, 0, 513);
  t.equal(memory.recall(key(302, 301), bytes, 1000, 600), 0);
  t.end();
});
