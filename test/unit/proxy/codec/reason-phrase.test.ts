import { STATUS_CODES } from 'node:http';
import t from 'tap';
import { reasonPhrase } from '../../../../src/proxy/codec/reason-phrase.ts';

/** Renamed by RFC 9110; Node keeps the older words. */
const RENAMED: Readonly<Record<number, string>> = { 413: 'Content Too Large', 422: 'Unprocessable Content' };

t.test('phrases are those of the registry, and an unknown status has none', async (t) => {
  let known = 0;
  for (let status = 100; status < 600; status++) {
    const phrase = reasonPhrase(status);
    if (phrase === '') continue;
    known++;
    t.equal(phrase, RENAMED[status] ?? STATUS_CODES[status], String(status));
  }
  t.ok(known > 30);
  t.equal(reasonPhrase(299), '');
});
