import t from 'tap';
import {
  addressOf,
  CallerNames,
  findRenamed,
  isByAddress,
  renameKey,
} from '../../../../src/agent/quota/caller-names.ts';

t.test('control is asked once in a while, and what it said holds while it is away', async (t) => {
  const names = new CallerNames();
  const asked: string[] = [];
  let answer: Record<string, string> | null = { '10.0.0.1': 'shop/web' };
  const client = {
    ask: () => Promise.reject(new Error('no lease')),
    callers: async (addresses: readonly string[]) => {
      asked.push(...addresses);
      if (answer === null) throw new Error('nobody answers');
      return answer;
    },
  };
  t.equal(await names.find('10.0.0.1', client, 0), 'shop/web');
  t.equal(await names.find('10.0.0.1', client, 29_999), 'shop/web');
  t.equal(await names.find('10.0.0.2', client, 0), null, 'none is registered there');
  t.same(asked, ['10.0.0.1', '10.0.0.2']);
  answer = null;
  t.equal(await names.find('10.0.0.1', client, 30_000), 'shop/web');
  t.equal(await names.find('10.0.0.1', client, 31_000), 'shop/web', 'not asked again at once');
  t.equal(asked.length, 3);
  answer = { '10.0.0.1': 'shop/cart' };
  t.equal(await names.find('10.0.0.1', client, 33_000), 'shop/cart');
  t.equal(await names.find('10.0.0.9', null, 0), null);
});

t.test('keys by address', async (t) => {
  t.equal(renameKey('address:10.0.0.1', '10.0.0.1', 'shop/web'), 'workload:shop/web');
  t.equal(renameKey('address:10.0.0.1 x-user=ann', '10.0.0.1', 'shop/web'), 'workload:shop/web x-user=ann');
  t.equal(renameKey('address:10.0.0.1', '10.0.0.1', null), 'address:10.0.0.1');
  t.equal(renameKey('mtls:td/ns/a/sa/b', 'td/ns/a/sa/b', 'shop/web'), 'mtls:td/ns/a/sa/b');
  t.equal(isByAddress('address:10.0.0.11', '10.0.0.1'), false);
  t.same(['address:10.0.0.1 x=y', 'address:fd00::1', 'header:a', ''].map(addressOf), [
    '10.0.0.1',
    'fd00::1',
    null,
    null,
  ]);
});

t.test('callers that registered later are found', async (t) => {
  const client = { ask: () => Promise.reject(new Error()), callers: async () => ({ '10.0.0.1': 'shop/web' }) };
  const bucket = (key: string, ...aliases: string[]) => ({ key, aliases: new Set(aliases) });
  const old = bucket('address:10.0.0.1', 'address:10.0.0.1');
  const buckets = [old, bucket('workload:shop/web', 'address:10.0.0.1'), bucket('mtls:a', 'mtls:a')];
  t.same(await findRenamed(buckets, new CallerNames(), client), [{ bucket: old, alias: 'address:10.0.0.1' }]);
});
