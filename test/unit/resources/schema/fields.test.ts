import t from 'tap';
import { many, refuses } from '../refuses.ts';
import { decode, service, workload } from '../world.ts';

t.test('labels and annotations keep to the rules of Kubernetes', async (t) => {
  const labelled = (labels: Record<string, unknown>): ReturnType<typeof service> => service('s', {}, { labels });
  refuses(t, labelled({ 'a/b/c': 'x' }), 'metadata.labels["a/b/c"]', /1 to 63/);
  refuses(t, labelled({ '-.x/c': 'x' }), 'metadata.labels["-.x/c"]', /DNS name/);
  refuses(t, labelled({ a: 'b c' }), 'metadata.labels.a', /at most 63/);
  refuses(t, labelled({ a: 'x'.repeat(64) }), 'metadata.labels.a', /at most 63/);
  refuses(t, labelled({ a: 1 }), 'metadata.labels.a', /put it in quotes/);
  refuses(t, labelled(Object.fromEntries(many(65, (i) => [`l${i}`, '']))), 'metadata.labels', /at most 64/);
  refuses(t, service('s', {}, { annotations: { a: 'x'.repeat(300_000) } }), 'metadata.annotations', /256 KiB/);
  refuses(t, service('s', {}, { annotations: { 'a b': 'x' } }), 'metadata.annotations["a b"]', /1 to 63/);
  const good = { 'app.kubernetes.io/name': 'x', A_b: '', 'x.y': 'v1.2-3_4' };
  t.same(decode(labelled(good)).metadata.labels, good);
});

t.test('names of resources may have dots where no host name is made of them', async (t) => {
  t.equal(decode(workload('vm7.eu.a')).metadata.name, 'vm7.eu.a');
});
