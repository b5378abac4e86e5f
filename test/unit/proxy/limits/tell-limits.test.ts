import t from 'tap';
import { MessageHead } from '../../../../src/proxy/codec/message-head.ts';
import { compileLimit } from '../../../../src/proxy/limits/compiled-limit.ts';
import { tellLimits } from '../../../../src/proxy/limits/tell-limits.ts';
import { address } from '../../../helpers/proxy-rig.ts';

const none = () => new Int32Array(1);
const request = {
  client: address('10.1.2.3', 4000),
  peerPrincipal: null,
  head: new MessageHead(none(), none(), none(), none()),
  bytes: Buffer.alloc(0),
};
const rule = {
  id: 'shop/p/global/0@shop/orders',
  service: 'shop/orders',
  scope: 'global',
  by: [{ type: 'caller' }],
  limit: { requests: 5, windowMs: 1_000 },
} as const;
const tell = (more: object) => tellLimits([compileLimit({ ...rule, ...more })], request)[0];

t.test('which rules count a request, for whom, and how many', async (t) => {
  t.same(tell({}), {
    ...{ rule: 'shop/p/global/0', counts: true, bucket: 'address:10.1.2.3' },
    ...{ requests: 5, windowMs: 1_000, shadow: false },
  });
  t.match(tell({ sources: '10.2.0.0/16' }), { counts: false, bucket: '' });
  t.match(tell({ callers: ['10.1.2.3'] }), { counts: true });
  t.match(tell({ callers: ['shop/web'] }), { counts: false });
  t.match(tell({ overrides: [{ callers: ['10.1.*'], limit: { requests: 9, windowMs: 60_000 } }] }), { requests: 9 });
  t.match(tell({ shadow: true }), { shadow: true });
});
