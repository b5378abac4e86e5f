import t from 'tap';
import { BusError, type BusMessage } from '../../../src/contract/bus-types.ts';
import { MicroError } from '../../../src/contract/micro.ts';
import { answerRequest, hostOf } from '../../../src/control/answer-request.ts';

function request(subject: string): BusMessage {
  const header = () => '';
  return { subject, data: new Uint8Array(0), text: () => '', header, wantsReply: true, respond: () => undefined };
}

t.test('an answer is JSON; a store that does not answer is a refusal of its own', async (t) => {
  const message = request('a.b');
  t.equal(await answerRequest(() => ({ ok: true }), message), '{"ok":true}');
  const silent = (): never => {
    throw new BusError('timeout', 'no answer');
  };
  await t.rejects(answerRequest(silent, message), {
    code: 503,
    message: 'the store does not answer: no answer',
    body: /TWP1016/,
  });
  const refused = new MicroError(409, 'not now', '');
  await t.rejects(
    answerRequest(() => Promise.reject(refused), message),
    refused,
  );
});

t.test('the last token of a subject is the host; anything else there is refused', async (t) => {
  t.equal(hostOf(request('towpath.v1.m.control.cert.sign.web-01')), 'web-01');
  for (const subject of ['towpath.v1.m.control.cert.sign.', 'towpath.v1.m.control.cert.sign.*'])
    t.throws(() => hostOf(request(subject)), { code: 400, body: /TWP1030/ });
});
