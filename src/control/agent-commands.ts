/** What agents ask of control: `….control.<noun>.<verb>.<host>`, and the host in the subject is who asks. */
import type { BusMessage } from '../contract/bus-types.ts';
import type { MicroEndpoint } from '../contract/micro.ts';
import { CONTROL_SERVICE } from '../contract/subjects.ts';
import { answerRequest, hostOf } from './answer-request.ts';
import type { ControlParts } from './control-parts.ts';
import { answerRenewal } from './join/join-commands.ts';
import { callersAt } from './quota/caller-addresses.ts';
import { readGroups } from './read-groups.ts';

/** `host` is as true as NATS's permissions make it: without them any client may ask in the name of any host. */
type AgentHandler = (request: BusMessage, host: string) => unknown;

export function agentCommands(parts: ControlParts): MicroEndpoint[] {
  const declare = (name: `${string}.${string}`, summary: string, handle: AgentHandler): MicroEndpoint => {
    const [noun = '', verb = ''] = name.split('.');
    return {
      name: `${noun}-${verb}`,
      subject: parts.subjects.fromAgent(noun, verb, '*'),
      queueGroup: CONTROL_SERVICE,
      metadata: { summary },
      handle: (request) => answerRequest((one) => handle(one, hostOf(one)), request),
    };
  };
  return [
    declare('group.get', 'body: {"groups":[{"namespace","name"}]}; the probes of WorkloadGroups', (r) =>
      readGroups(parts, r),
    ),
    declare('quota.callers', 'body: {"addresses":[...]}; the workload registered at each', (r) =>
      callersAt(parts.state, r),
    ),
    declare('identity.renew', 'new NATS credentials for the key that the host has joined with', (r, host) =>
      answerRenewal(parts, r, host),
    ),
  ];
}
