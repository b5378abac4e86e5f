import t from 'tap';
import { decodeJson, MAX_RECORD_BYTES } from '../../../src/contract/decode.ts';
import { groupReplySchema, groupRequestSchema, MAX_ASKED_GROUPS } from '../../../src/contract/group-messages.ts';

const PACE = { initialDelaySeconds: 0, periodSeconds: 10, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 3 };

function reply(probe: unknown): boolean {
  const text = JSON.stringify({ groups: [{ namespace: 'shop', name: 'orders', probe }] });
  return decodeJson(Buffer.from(text), groupReplySchema, MAX_RECORD_BYTES).ok;
}

t.test('a probe asks by HTTP, TCP or gRPC, never by a command', async (t) => {
  for (const [what, probe, good] of [
    ['none', null, true],
    ['http', { ...PACE, httpGet: { path: '/healthz', port: 8080 } }, true],
    ['tcp', { ...PACE, tcpSocket: { port: 8080 } }, true],
    ['grpc', { ...PACE, grpc: { port: 8080, service: '' } }, true],
    ['a command alone', { ...PACE, exec: { command: ['/bin/sh'] } }, false],
    ['two', { ...PACE, tcpSocket: { port: 1 }, grpc: { port: 1, service: '' } }, false],
    ['a line break in the path', { ...PACE, httpGet: { path: '/a\r\nx: y', port: 80 } }, false],
    ['no pause', { ...PACE, periodSeconds: 0, tcpSocket: { port: 1 } }, false],
  ] as const) {
    t.equal(reply(probe), good, what);
  }
  const withCommand = groupReplySchema.parse({
    groups: [{ namespace: 'a', name: 'b', probe: { ...PACE, tcpSocket: { port: 1 }, exec: { command: ['/bin/sh'] } } }],
  });
  t.notMatch(JSON.stringify(withCommand), 'exec', 'and a command beside another check is dropped');
});

t.test('a request is bounded', async (t) => {
  const groups = (count: number): object => ({
    groups: Array.from({ length: count }, (_, i) => ({ namespace: 'shop', name: `g${i}` })),
  });
  t.ok(groupRequestSchema.safeParse(groups(MAX_ASKED_GROUPS)).success);
  t.notOk(groupRequestSchema.safeParse(groups(MAX_ASKED_GROUPS + 1)).success);
  t.notOk(groupRequestSchema.safeParse(groups(0)).success);
});
