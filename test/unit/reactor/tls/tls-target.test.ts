import t from 'tap';
import { readUris } from '../../../../src/reactor/tls/tls-target.ts';

t.test('URIs among the names of a certificate', async (t) => {
  t.same(readUris(''), []);
  t.same(readUris('DNS:a.example'), []);
  t.same(readUris('URI:spiffe://mesh/a'), ['spiffe://mesh/a']);
  t.same(readUris('DNS:a.example, URI:spiffe://mesh/a, IP Address:10.0.0.1, URI:spiffe://mesh/b'), [
    'spiffe://mesh/a',
    'spiffe://mesh/b',
  ]);
  t.same(readUris('URI:"x\\u002c URI:spiffe://mesh/a"'), ['x, URI:spiffe://mesh/a'], 'one name that looks like two');
  t.same(readUris('DNS:"evil\\u002c URI:spiffe://mesh/a"'), []);
  t.same(readUris('othername:<unsupported>, URI:spiffe://mesh/a'), ['spiffe://mesh/a']);
});
