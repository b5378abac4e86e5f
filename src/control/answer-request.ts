import { BusError, type BusMessage } from '../contract/bus-types.ts';
import { isToken } from '../contract/subjects.ts';
import { rejectRequest } from './reject-request.ts';

/** The answer to a request as JSON. A store that does not answer is 503 with TWP1016; refusals (MicroError) pass as they are. */
export async function answerRequest(handle: (request: BusMessage) => unknown, request: BusMessage): Promise<string> {
  try {
    return JSON.stringify(await handle(request));
  } catch (cause) {
    if (cause instanceof BusError)
      return rejectRequest(503, [{ code: 'TWP1016', message: `the store does not answer: ${cause.message}` }]);
    throw cause;
  }
}

/** Who asks: the last token of the subject, which NATS's permissions can bind to the host's credentials. Throws MicroError when it is no host. */
export function hostOf({ subject }: BusMessage): string {
  const host = subject.slice(subject.lastIndexOf('.') + 1);
  return isToken(host) ? host : rejectRequest(400, [{ code: 'TWP1030', message: 'the subject ends in no host id' }]);
}
