import t from 'tap';
import { serveTaps } from '../../../src/agent/control-taps.ts';
import type { Bus, BusMessage } from '../../../src/contract/bus-types.ts';
import { subjectsOf } from '../../../src/contract/subjects.ts';
import type { TapRequest } from '../../../src/contract/tap-messages.ts';

interface Said {
  readonly text: string;
  readonly code: string;
}

/** Asks by that subject. */
async function ask(subject: string, body: string, wantsReply = true, failure = ''): Promise<[TapRequest[], Said[]]> {
  const asked: TapRequest[] = [];
  const said: Said[] = [];
  const heard = new Map<string, (message: BusMessage) => void>();
  const bus: Pick<Bus, 'subscribe'> = {
    subscribe: (name, handle) => {
      heard.set(name, handle);
      return { unsubscribe: () => undefined, drain: () => undefined };
    },
  };
  serveTaps(bus as Bus, subjectsOf('default'), 'shop', {
    tap: async (request, say) => {
      if (failure !== '') throw new Error(failure);
      asked.push(request);
      say('one');
      say('two');
    },
  });
  heard.get(subject)?.({
    subject,
    data: Buffer.from(body),
    text: () => body,
    header: () => '',
    wantsReply,
    respond: (text, headers) => said.push({ text: String(text), code: headers?.['Nats-Service-Error-Code'] ?? '' }),
  });
  await new Promise((resolve) => setImmediate(resolve));
  return [asked, said];
}

const OWN = 'towpath.v1.default.agent.shop.tap';
const ALL = 'towpath.v1.default.agents.tap';

t.test('a question to the host, or to all, is answered again and again', async (t) => {
  for (const subject of [OWN, ALL]) {
    const [asked, said] = await ask(subject, '{"tap":"t","filter":{"method":"GET"}}');
    t.match(asked, [{ tap: 't', filter: { method: 'GET' } }]);
    t.same(said, [
      { text: 'one', code: '' },
      { text: 'two', code: '' },
    ]);
  }
});

t.test('what is no question is refused, and asks nothing', async (t) => {
  for (const [body, reason] of [
    ['nonsense', 'it is not JSON'],
    ['{"tap":"t","filter":{"verb":"GET"}}', 'filter.verb: '],
    [`{"tap":"t","filter":{"pathPrefix":"${'/'.repeat(9_000)}"}}`, 'more than the limit of 8192'],
  ] as const) {
    const [asked, said] = await ask(OWN, body);
    t.same(asked, []);
    t.match(said, [{ code: '400' }]);
    t.match(JSON.parse(said[0]?.text ?? ''), { host: 'shop', state: 'refused' });
    t.ok(JSON.parse(said[0]?.text ?? '').reason.includes(reason), reason);
  }
  t.same(await ask(ALL, '{"tap":"t"}', false), [[], []], 'nobody would hear the answer');
  const [, said] = await ask(ALL, '{"tap":"t"}', true, 'the agent is starting; ask again');
  t.match(said, [{ code: '503', text: /"reason":"the agent is starting; ask again"/ }]);
});
