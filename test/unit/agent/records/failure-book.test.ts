import t from 'tap';
import { FailureBook } from '../../../../src/agent/records/failure-book.ts';
import { failureRecord } from '../../../helpers/failure-record.ts';

t.test('a failure is found by its own id, its connection, its request and its trace', async (t) => {
  const book = new FailureBook();
  book.note(failureRecord({ id: 'c1-1', requestId: 'r', traceId: 'a' }));
  book.note(failureRecord({ id: 'c1-2', requestId: 's', traceId: 'a' }));
  book.note(failureRecord({ id: 'c11-1', requestId: 'r' }));
  const ids = (id: string): string[] => book.find(id).map((record) => record.id);
  t.same(ids('c1-2'), ['c1-2']);
  t.same(ids('c1'), ['c1-2', 'c1-1'], 'newest first, and not those of c11');
  t.same(ids('r'), ['c11-1', 'c1-1']);
  t.same(ids('a'), ['c1-2', 'c1-1']);
  t.same(ids('nothing'), []);
  t.same(ids(''), [], 'what has no id or trace is not found by none');
});

t.test('the oldest go', async (t) => {
  const book = new FailureBook(100);
  for (let i = 0; i < 1000; i++) book.note(failureRecord({ id: `c-${i}`, requestId: 'same' }));
  t.equal(book.size, 100);
  t.same(book.find('c-899'), []);
  t.equal(book.find('c-900').length, 1);
  t.equal(book.find('same').length, 20, 'an answer is bounded');
});
