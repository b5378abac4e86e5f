import t from 'tap';
import { type Lookup, NameResolver, type Resolution } from '../../../../src/agent/host/resolve-names.ts';

/** A lookup that answers when told to. */
function controlled(): {
  look: Lookup;
  asked: string[];
  answer: (name: string, code: string, ...ips: string[]) => void;
} {
  const pending = new Map<string, Parameters<Lookup>[1]>();
  const asked: string[] = [];
  const look: Lookup = (name, answer) => {
    asked.push(name);
    pending.set(name, answer);
  };
  const answer = (name: string, code: string, ...ips: string[]): void => {
    const error = code === '' ? null : Object.assign(new Error(code), { code });
    pending.get(name)?.(
      error,
      ips.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
  return { look, asked, answer };
}

t.test('names of the hosts file are found, others are unknown', async (t) => {
  const resolver = new NameResolver();
  const ask = (name: string): Promise<Resolution> => new Promise((resolve) => resolver.resolve(name, resolve));
  const { addresses, problem } = await ask('localhost');
  t.equal(problem, '');
  t.ok(addresses.includes('127.0.0.1') || addresses.includes('::1'), addresses.join());
  t.not((await ask('no-such-name.invalid')).problem, '');
});

t.test('one question for many who ask, two at a time, and what went wrong', async (t) => {
  const { look, asked, answer } = controlled();
  const resolver = new NameResolver(look);
  const heard: string[] = [];
  const ask = (name: string): void =>
    resolver.resolve(name, ({ addresses, problem }) => heard.push(`${name} ${addresses.join()}${problem}`));
  for (const name of ['a', 'a', 'b', 'c', 'd']) ask(name);
  t.same(asked, ['a', 'b']);
  answer('a', '', '10.0.0.1', 'fd00::1');
  t.same(heard.splice(0), ['a 10.0.0.1,fd00::1', 'a 10.0.0.1,fd00::1']);
  t.same(asked, ['a', 'b', 'c']);
  answer('b', 'ENOTFOUND');
  answer('c', 'EAI_AGAIN');
  answer('d', '');
  t.same(heard, ['b unknown', 'c failed', 'd ']);
});

t.test('too many names are refused at once', async (t) => {
  const { look } = controlled();
  const resolver = new NameResolver(look);
  let refused = 0;
  for (let i = 0; i < 300; i++) resolver.resolve(`n${i}`, () => refused++);
  t.equal(refused, 300 - 2 - 256);
});
