import t from 'tap';
import { ViewApplier } from '../../../../src/agent/views/apply-views.ts';
import { ViewStore } from '../../../../src/agent/views/view-store.ts';
import { exampleDirectory, exampleService, exampleVersion } from '../../../helpers/example-views.ts';

function setUp() {
  const posted: string[] = [];
  let changes = 0;
  const threads = {
    post: async (message: { readonly type: string }): Promise<void> => {
      posted.push(message.type);
    },
  };
  const applier = new ViewApplier(new ViewStore(), threads, () => changes++);
  return { applier, posted, changes: () => changes };
}

t.test('a newer view reaches the data threads, the same one again does not, an older one is turned down', async (t) => {
  const { applier, posted, changes } = setUp();
  await applier.directory(exampleDirectory(2));
  await applier.service(exampleService('orders', 2));
  await applier.directory(exampleDirectory(2));
  await applier.service(exampleService('orders', 2));
  t.strictSame(posted, ['directory', 'service']);
  t.equal(changes(), 2);
  await t.rejects(applier.service(exampleService('orders', 1)), { message: /service shop\/orders is older/ });
  await t.rejects(applier.directory(exampleDirectory(1)), { message: /the directory is older/ });
  t.equal(posted.length, 2);
});

t.test('a service that never existed is still answered, so that waiting connections go on', async (t) => {
  const { applier, posted, changes } = setUp();
  await applier.serviceRemoved('shop/none');
  t.strictSame(posted, ['service-removed']);
  t.equal(changes(), 0, 'there is nothing to save');
});

t.test('views from the disk are put in force with the directory last, and are not saved again', async (t) => {
  const { applier, posted, changes } = setUp();
  await applier.replay({ directory: exampleDirectory(3), services: [exampleService('orders', 3)] });
  t.strictSame(posted, ['service', 'directory']);
  t.equal(changes(), 0);
  await t.rejects(applier.service(exampleService('orders', 2)));
});

t.test('a data thread that asks for a view that is held gets it again', async (t) => {
  const { applier, posted } = setUp();
  t.equal(await applier.repeat('shop/orders'), false);
  await applier.service(exampleService('orders', 1));
  t.equal(await applier.repeat('shop/orders'), true);
  t.strictSame(posted, ['service', 'service']);
});

t.test('the view of the host goes the same way, from the disk before all others', async (t) => {
  const { applier, posted, changes } = setUp();
  const host = { version: exampleVersion(2), workloads: [] };
  await applier.host(host);
  await applier.host(host);
  t.strictSame(posted, ['host']);
  t.equal(changes(), 1);
  await t.rejects(applier.host({ ...host, version: exampleVersion(1) }), { message: /the view of this host is older/ });
  const fresh = setUp();
  await fresh.applier.replay({ directory: exampleDirectory(3), services: [exampleService('orders', 3)], host });
  t.strictSame(fresh.posted, ['host', 'service', 'directory']);
});
