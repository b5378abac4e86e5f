import type { Bus, BusMessage } from '../contract/bus-types.ts';
import { decodeJson } from '../contract/decode.ts';
import { ERROR_CODE_HEADER, ERROR_TEXT_HEADER } from '../contract/micro.ts';
import type { Subjects } from '../contract/subjects.ts';
import { MAX_TAP_BYTES, type TapAnswer, tapRequestSchema } from '../contract/tap-messages.ts';
import type { ControlLinkHandlers } from './control-types.ts';

/** `agent.<host>.tap` and `agents.tap`: each question is answered many times, until its lease ends. Kept until the bus is closed. */
export function serveTaps(
  bus: Bus,
  subjects: Subjects,
  host: string,
  handlers: Pick<ControlLinkHandlers, 'tap'>,
): void {
  const answer = (request: BusMessage): void => void answerTap(request, host, handlers);
  bus.subscribe(subjects.agent(host, 'tap'), answer);
  bus.subscribe(subjects.agents('tap'), answer);
}

async function answerTap(request: BusMessage, host: string, handlers: Pick<ControlLinkHandlers, 'tap'>): Promise<void> {
  // Without a reply subject there is nobody to tell.
  if (!request.wantsReply) return;
  const body = decodeJson(request.data, tapRequestSchema, MAX_TAP_BYTES);
  if (!body.ok) return refuse(request, host, 400, body.error);
  try {
    await handlers.tap(body.value, (text) => request.respond(text));
  } catch (cause) {
    refuse(request, host, 503, cause instanceof Error ? cause.message : String(cause));
  }
}

function refuse(request: BusMessage, host: string, code: number, reason: string): void {
  const answer: TapAnswer = { host, state: 'refused', reason, records: [], leftOut: 0, lost: 0 };
  const headers = { [ERROR_CODE_HEADER]: String(code), [ERROR_TEXT_HEADER]: reason.slice(0, 1000) };
  request.respond(JSON.stringify(answer), headers);
}
