/**
 * Everything that an agent does on NATS in a secured mesh, one line each: nothing else is allowed. The table becomes the template of the
 * signing key for agents, and the exports and imports between the account of the mesh and that of the agents
 * (contract/mesh-accounts.ts). A right that is missing shows as a "Permissions Violation" in the log of the agent.
 */
import { AGENT_SERVICE, META_KEY, type Subjects } from './subjects.ts';

/**
 * asks: publishes, and is answered by JetStream or by control. tells: publishes, and nobody answers. hears: subscribes to what the mesh
 * publishes. answers: subscribes to what control and operators ask.
 */
export type Flow = 'asks' | 'tells' | 'hears' | 'answers';

export interface AgentRight {
  readonly flow: Flow;
  /** `host` is the agent's own id, or `*` for all of them. */
  readonly subject: (host: string) => string;
  readonly why: string;
  /** Of `answers`: every agent does. */
  readonly many?: true;
}

export function agentRights(subjects: Subjects): readonly AgentRight[] {
  return [...storeRights(subjects), ...controlRights(subjects), ...commandRights(subjects)];
}

function storeRights(subjects: Subjects): AgentRight[] {
  const view = subjects.bucket('view');
  const read = (key: (host: string) => string, why: string): AgentRight[] => [
    { flow: 'asks', subject: (host) => `$JS.API.DIRECT.GET.KV_${view}.$KV.${view}.${key(host)}`, why },
    { flow: 'hears', subject: (host) => subjects.republished('view', key(host)), why: `${why}, as it changes` },
  ];
  return [
    {
      flow: 'asks',
      subject: (host) => `$KV.${subjects.bucket('lease')}.${host}`,
      why: 'says that the host is alive, or leaves',
    },
    {
      flow: 'asks',
      subject: (host) => `$KV.${subjects.bucket('endpoint')}.${host}.>`,
      why: "registers and withdraws the host's own workloads",
    },
    { flow: 'asks', subject: (host) => subjects.log(host), why: 'its access log, for the stream that it cannot read' },
    ...read(() => META_KEY, 'the newest generation'),
    ...read(() => 'dir.*', 'the directory of services'),
    ...read(() => 'svc.>', 'the services that its programs use'),
    ...read((host) => `host.${host}`, 'what concerns this host alone'),
  ];
}

function controlRights(subjects: Subjects): AgentRight[] {
  return [
    {
      flow: 'asks',
      subject: (host) => subjects.fromAgent('*', '*', host),
      why: 'certificates, renewal, probes of groups, quota: control takes the host from the subject',
    },
    { flow: 'tells', subject: (host) => subjects.ack(host), why: 'answers a generation' },
    { flow: 'tells', subject: (host) => subjects.metrics(host), why: 'sums of its metrics' },
  ];
}

function commandRights(subjects: Subjects): AgentRight[] {
  const verbs = ['PING', 'INFO', 'STATS'];
  return [
    { flow: 'answers', subject: (host) => subjects.agent(host, '*'), why: 'commands of operators to this host' },
    { flow: 'answers', many: true, subject: () => subjects.agents('*'), why: 'questions to all agents' },
    ...verbs.flatMap((verb): AgentRight[] => [
      { flow: 'answers', many: true, subject: () => `$SRV.${verb}`, why: 'nats micro ls (ADR-32)' },
      {
        flow: 'answers',
        many: true,
        subject: () => `$SRV.${verb}.${AGENT_SERVICE}`,
        why: 'nats micro ls towpath-agent',
      },
      {
        flow: 'answers',
        subject: (host) => `$SRV.${verb}.${AGENT_SERVICE}.${host}`,
        why: 'nats micro info towpath-agent HOST',
      },
    ]),
  ];
}

/** Where an agent, or whoever has this id, gets its answers. */
export function inboxOf(id: string): string {
  return `_INBOX.${id}.>`;
}
