import { setImmediate as turn } from 'node:timers/promises';
import t from 'tap';
import { followTaps, TapTotals } from '../../../src/cli/tap-session.ts';
import { type Bus, BusError, type BusMessage } from '../../../src/contract/bus-types.ts';
import type { TapAnswer } from '../../../src/contract/tap-messages.ts';
import { failureRecord } from '../../helpers/failure-record.ts';
import { recordingIo } from '../../helpers/recording-io.ts';

const RECORD = { ...failureRecord(), caller: 'shop/web' };
const message = (answer: Partial<TapAnswer>): BusMessage => {
  const whole = { host: 'a', state: 'goes on', reason: '', records: [], leftOut: 0, lost: 0, ...answer };
  return { data: Buffer.from(JSON.stringify(whole)) } as unknown as BusMessage;
};

/** A tap of agents that say these things when they are asked, and `ended` at the end. */
async function follow(first: readonly Partial<TapAnswer>[], limit = Number.POSITIVE_INFINITY, failure?: BusError) {
  const { io, written } = recordingIo();
  const controller = new AbortController();
  const end = { signal: controller.signal, abort: () => controller.abort() };
  const asked: { readonly leaseMs: number; readonly tap: string }[] = [];
  const bus: Pick<Bus, 'requestEach' | 'connected'> = {
    connected: true,
    requestEach: async (_, body, __, take) => {
      const question = JSON.parse(body);
      asked.push(question);
      if (failure !== undefined) throw failure;
      await turn();
      if (question.leaseMs > 0) for (const answer of first) take(message(answer));
      else
        for (const { host = 'a' } of first.filter(({ state }) => state === 'began'))
          take(message({ host, state: 'ended' }));
      if (question.leaseMs > 0 && limit === Number.POSITIVE_INFINITY) end.abort();
    },
  };
  const totals = new TapTotals(limit, 100);
  let shown = 0;
  const question = { tap: 't', perSecond: 100, filter: {} };
  const plan = { bus: bus as Bus, subject: 's', host: 'a', question };
  const problem = await followTaps(plan, end, totals, ({ records }) => (shown += records.length), io).then(
    () => '',
    (cause: Error) => cause.message,
  );
  return { asked, shown, sentence: totals.sentence(), err: written.err, problem };
}

t.test('agents are asked, and told to end; what they left out is summed up', async (t) => {
  const ran = await follow([
    { host: 'a', state: 'began' },
    { host: 'b', state: 'began' },
    { host: 'a', records: [RECORD, RECORD], leftOut: 3 },
    { host: 'b', records: [RECORD], lost: 2 },
  ]);
  t.match(ran.asked, [
    { tap: 't', leaseMs: 5_000 },
    { tap: 't', leaseMs: 0 },
  ]);
  t.match(ran, { shown: 3, problem: '' });
  t.equal(
    ran.sentence,
    '3 shown; 3 left out, more than 100 a second at one agent; 2 records of these agents were lost on their way',
  );
});

t.test('enough is enough', async (t) => {
  const ran = await follow([{ state: 'began' }, { records: [RECORD, RECORD, RECORD] }, { records: [RECORD] }], 2);
  t.match(ran, { shown: 2, sentence: '2 shown', problem: '' });
});

t.test('refusals and silence are told', async (t) => {
  const refused = await follow([{ state: 'refused', reason: '8 taps are open on this host already' }]);
  t.match(refused, { problem: 'the agent of a refuses: 8 taps are open on this host already', err: '' });
  const some = await follow([{ state: 'began' }, { host: 'b', state: 'refused', reason: 'no' }]);
  t.match(some, { problem: '', err: 'the agent of b refuses: no\n' });
  const nobody = await follow([], 1, new BusError('no-responders', 'nobody answers this subject'));
  t.match(nobody, { problem: 'the agent of a does not answer' });
});
