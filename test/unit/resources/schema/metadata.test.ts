import t from 'tap';
import { refuses } from '../refuses.ts';
import { service } from '../world.ts';

t.test('metadata: every class of refused field', async (t) => {
  refuses(t, service('s', {}, { name: 'A_b' }), 'metadata.name', /lower-case/);
  refuses(t, service('s', {}, { name: 'a.b' }), 'metadata.name', /lower-case/);
  refuses(t, service('s', {}, { name: 'a'.repeat(64) }), 'metadata.name', /at most 63/);
  refuses(t, service('s', {}, { name: undefined }), 'metadata.name', /required/);
  refuses(t, service('s', {}, { namespace: 'a.b' }), 'metadata.namespace', /lower-case/);
  refuses(t, service('s', {}, { labelz: {} }), 'metadata.labelz', /did you mean "labels"/);
  for (const field of ['generateName', 'ownerReferences', 'finalizers']) {
    refuses(t, service('s', {}, { [field]: [] }), `metadata.${field}`, /not supported/);
  }
  refuses(
    t,
    service('s', {}, { deletionTimestamp: '2026-01-01T00:00:00Z' }),
    'metadata.deletionTimestamp',
    /being deleted/,
  );
});
