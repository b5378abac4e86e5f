import t from 'tap';
import { showChange, titleOfId } from '../../../src/cli/show-change.ts';
import type { ChangeReply } from '../../../src/contract/messages.ts';

const REPLY: ChangeReply = {
  epoch: 1,
  gen: 2,
  results: [
    { id: 'HTTPRoute.shop.orders.v1', outcome: 'updated', generation: 3 },
    { id: 'Service.shop.old', outcome: 'deleted', generation: 1 },
  ],
  warnings: [{ code: 'BackendNotFound', path: 'HTTPRoute shop/orders.v1', message: 'no such service' }],
};

function shown(json: boolean, dryRun: boolean) {
  let [out, err] = ['', ''];
  const io = {
    out: (text: string) => {
      out += text;
    },
    err: (text: string) => {
      err += text;
    },
    colour: false,
    env: {},
  };
  showChange(REPLY, json, dryRun, io);
  return { out, err };
}

t.test('one line for each resource; warnings on standard error', async (t) => {
  t.same(shown(false, false), {
    out: 'HTTPRoute shop/orders.v1 updated (generation 3)\nService shop/old deleted\n',
    err: 'warning: HTTPRoute shop/orders.v1: no such service\n',
  });
  t.match(shown(false, true).out, /\(generation 3\) \(dry run\)\n/);
});

t.test('as JSON', async (t) => {
  t.same(JSON.parse(shown(true, false).out), REPLY);
});

t.test('names may contain dots', async (t) => {
  t.equal(titleOfId('HTTPRoute.shop.a.b'), 'HTTPRoute shop/a.b');
});
