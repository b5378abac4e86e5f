/** What agents ask of control: `….control.<noun>.<verb>.<host>`, and the host in the subject is who asks. */
import { BusError, type BusMessage } from '../contract/bus-types.ts';
import type { MicroEndpoint } from '../contract/micro.ts';
import { CONTROL_SERVICE, isToken } from '../contract/subjects.ts';
import type { ControlParts } from './control-parts.ts';
import { readGroups } from './read-groups.ts';
import { rejectRequest } from './reject-request.ts';

/** The server refuses a subject with another host than the one in the agent's credentials (contract/agent-permissions.ts). */
type AgentHandler = (request: BusMessage, host: string) => unknown;

export function agentCommands(parts: ControlParts): MicroEndpoint[] {
  const declare = (name: `${string}.${string}`, summary: string, handle: AgentHandler): MicroEndpoint => {
    const [noun = '', verb = ''] = name.split('.');
    return {
      name: `${noun}-${verb}`,
      subject: parts.subjects.fromAgent(noun, verb, '*'),
      queueGroup: CONTROL_SERVICE,
      metadata: { summary },
      handle: (request) => answerAgent(handle, request),
    };
  };
  return [
    declare('group.get', 'body: {"groups":[{"namespace","name"}]}; the probes of WorkloadGroups', (r) =>
      readGroups(parts, r),
    ),
  ];
}

/** Exported for tests: the answer to a request, refused when its last token is no host. */
export async function answerAgent(handle: AgentHandler, request: BusMessage): Promise<string> {
  const host = request.subject.slice(request.subject.lastIndexOf('.') + 1);
  if (!isToken(host)) return rejectRequest(400, [{ code: 'TWP1030', message: 'the subject ends in no host id' }]);
  try {
    return JSON.stringify(await handle(request, host));
  } catch (cause) {
    if (cause instanceof BusError)
      return rejectRequest(503, [{ code: 'TWP1016', message: `the store does not answer: ${cause.message}` }]);
    throw cause;
  }
}
