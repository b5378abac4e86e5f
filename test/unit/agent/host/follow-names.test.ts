import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { type AddressesByHost, FollowedNames } from '../../../../src/agent/host/follow-names.ts';
import type { FoundAddresses } from '../../../../src/agent/host/look-up-host.ts';

type Answer = FoundAddresses | null | Error | 'never';

/** A resolver that gives the answers in turn, the last one for ever. */
function world(answers: Readonly<Record<string, readonly Answer[]>>) {
  const looks: string[] = [];
  const told: AddressesByHost[] = [];
  const names = new FollowedNames(
    (addresses) => told.push(addresses),
    async (host) => {
      const list = answers[host] ?? [];
      const answer = list[Math.min(looks.filter((one) => one === host).length, list.length - 1)] ?? null;
      looks.push(host);
      if (answer === 'never') return new Promise(() => {});
      if (answer instanceof Error) throw answer;
      return answer;
    },
  );
  return { names, looks, told };
}

async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !condition(); await sleep(5)) if (Date.now() > end) throw new Error('in vain');
}

const found = (ttlSeconds: number, ...addresses: string[]): FoundAddresses => ({ addresses, ttlSeconds });

t.test('a view waits for the first addresses, and hosts of several services are looked up once', async (t) => {
  const { names, looks, told } = world({ a: [found(60, '192.0.2.1')], b: [found(60, '192.0.2.2', '2001:db8::2')] });
  await names.follow('shop/x', ['a', 'b']);
  await names.follow('shop/y', ['b']);
  t.same(told, [{ a: ['192.0.2.1'] }, { b: ['192.0.2.2', '2001:db8::2'] }]);
  t.same(looks, ['a', 'b']);
  names.stop();
});

t.test('a host is looked up again after its TTL, a second at least; only a change is told', async (t) => {
  const { names, looks, told } = world({
    a: [found(0, '192.0.2.1', '192.0.2.2'), found(0, '192.0.2.2', '192.0.2.1'), found(0, '192.0.2.3')],
  });
  const start = Date.now();
  await names.follow('shop/x', ['a']);
  await until(() => told.length === 2);
  t.ok(Date.now() - start >= 1900, 'two pauses of a second');
  t.equal(looks.length, 3);
  t.same(told, [{ a: ['192.0.2.1', '192.0.2.2'] }, { a: ['192.0.2.3'] }]);
  names.stop();
});

for (const [what, failure] of [
  ['a failure', null],
  ['an error', new Error('SERVFAIL')],
  ['an empty answer', found(1)],
] as const) {
  t.test(`${what} keeps the last good addresses`, async (t) => {
    const { names, looks, told } = world({ a: [found(1, '192.0.2.1'), failure] });
    await names.follow('shop/x', ['a']);
    await until(() => looks.length === 2);
    await sleep(20);
    t.same(told, [{ a: ['192.0.2.1'] }]);
    names.stop();
  });
}

t.test('a resolver that does not answer holds a view up for two seconds, and no longer', async (t) => {
  const { names, told } = world({ a: ['never'], b: [found(60, '192.0.2.1')] });
  const start = Date.now();
  await names.follow('shop/x', ['a', 'b']);
  t.ok(Date.now() - start >= 1900);
  t.same(told, [{ b: ['192.0.2.1'] }]);
  names.stop();
});

t.test('what no service needs any more is looked up no more; asked for again, it is told again', async (t) => {
  const { names, looks, told } = world({ a: [found(1, '192.0.2.1')], b: [found(1, '192.0.2.2')] });
  await names.follow('shop/x', ['a', 'b']);
  await names.follow('shop/y', ['b']);
  names.forget('shop/y');
  await names.follow('shop/x', ['b']);
  names.forget('shop/nobody');
  await until(() => looks.filter((host) => host === 'b').length >= 2);
  t.equal(looks.filter((host) => host === 'a').length, 1);
  await names.follow('shop/x', ['a']);
  t.same(told.at(-1), { a: ['192.0.2.1'] });
  names.stop();
});
