import t from 'tap';
import { ClientWatch } from '../../../src/proxy/client-watch.ts';
import type { ClientExchange, ExchangeClient } from '../../../src/proxy/exchange-client.ts';

/** A client and its exchange as far as a watch sees them. */
function make() {
  const acts: string[] = [];
  const socket = { pending: null as object[] | null, paused: false, bytesRead: 0, bytesWritten: 0 };
  const record = { flag: '', detail: '' };
  const current = {
    active: true,
    takesBody: false,
    answerBlocked: false,
    pauses: 0,
    stalled: (expected: string) => acts.push(`stalled: ${expected}`),
  };
  const client = {
    socket,
    record,
    context: { limits: { stallMs: 1000, bodyBytesPerSecond: 0 } },
    finish: (ending: string) => acts.push(`finish: ${ending}`),
  };
  const watch = new ClientWatch(client as unknown as ExchangeClient, { current: current as unknown as ClientExchange });
  return { acts, socket, record, current, watch };
}

t.test('a body that does not go on', (t) => {
  const { acts, socket, current, watch } = make();
  current.takesBody = true;
  watch.look(0);
  socket.bytesRead = 1;
  watch.look(900);
  watch.look(1800);
  t.same(acts, [], 'a byte within the limit is enough');
  watch.look(1900);
  t.same(acts, ['stalled: send', 'finish: reset']);
  t.end();
});

t.test("a body that the endpoint does not take is not the client's fault", (t) => {
  const { acts, socket, current, watch } = make();
  current.takesBody = true;
  socket.paused = true;
  for (let now = 0; now < 10_000; now += 250) watch.look(now);
  t.same(acts, []);
  t.end();
});

t.test('an answer that the client does not take, in our memory or in the kernel', (t) => {
  for (const where of ['memory', 'kernel']) {
    const { acts, socket, current, watch } = make();
    if (where === 'memory') socket.pending = [{}];
    else current.answerBlocked = true;
    watch.look(0);
    watch.look(999);
    t.same(acts, []);
    watch.look(1000);
    t.same(acts, ['stalled: take', 'finish: reset'], where);
  }
  t.end();
});

t.test('the last of an answer, whose exchange is over', (t) => {
  const { acts, socket, record, current, watch } = make();
  current.active = false;
  socket.pending = [{}];
  watch.look(0);
  watch.look(1000);
  t.same(acts, ['finish: reset']);
  t.equal(record.flag, 'SI');
  t.end();
});

t.test('silence of both is no stall', (t) => {
  const { acts, watch } = make();
  for (let now = 0; now < 10_000; now += 250) watch.look(now);
  t.same(acts, []);
  t.end();
});
