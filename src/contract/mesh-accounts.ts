/**
 * The accounts of a secured mesh. JetStream and control live in the account MESH; agents and hosts that join have accounts of their own,
 * which import the few subjects they may use. That wall is needed: the server sends answers to whatever reply subject a client names,
 * permission or not, so that in one account an agent could have JetStream's answers stored under another host's key, or take them for
 * commands (test/nats/secured-agents.test.ts tries). Answers to an agent end in the account of the agents, where nothing is stored. Pure.
 */
import { type AgentRight, agentRights, inboxOf } from './agent-permissions.ts';
import type { AccountClaims, ScopedSigner, UserTemplate } from './nats-jwt.ts';
import type { Subjects } from './subjects.ts';

/** The user's own name: host id or token id. Old servers (2.9) put it in only where it is a whole token. */
const OWN = '{{name()}}';
/** How long an agent may take to answer a command. */
const RESPONSE_TTL_NS = 60_000_000_000;
const MAX_AGENT_SUBSCRIPTIONS = 20_000;
const MAX_JOIN_SUBSCRIPTIONS = 4;
const MAX_JOIN_BYTES = 4096;
const LARGEST_RESPONSE_COUNT = 100;

/** Public keys of accounts and signing keys. */
export interface AccountKeys {
  readonly mesh: string;
  readonly agents: string;
  readonly join: string;
}

export interface JetStreamLimits {
  readonly memoryBytes: number;
  readonly fileBytes: number;
}

export function agentTemplate(subjects: Subjects): UserTemplate {
  const rights = agentRights(subjects);
  const of = (...flows: readonly AgentRight['flow'][]): string[] =>
    rights.filter(({ flow }) => flows.includes(flow)).map(({ subject }) => subject(OWN));
  return {
    pub: { allow: of('asks', 'tells'), deny: [] },
    sub: { allow: [...of('hears', 'answers'), inboxOf(OWN)], deny: [] },
    resp: { max: LARGEST_RESPONSE_COUNT, ttl: RESPONSE_TTL_NS },
    subs: MAX_AGENT_SUBSCRIPTIONS,
    data: -1,
    payload: -1,
  };
}

/** A host with a token may ask one question, and hear the answer. */
export function joinTemplate(subjects: Subjects): UserTemplate {
  return {
    pub: { allow: [subjects.join(OWN)], deny: [] },
    sub: { allow: [inboxOf(OWN)], deny: [] },
    subs: MAX_JOIN_SUBSCRIPTIONS,
    data: -1,
    payload: MAX_JOIN_BYTES,
  };
}

const NOTHING_STORED = { mem_storage: 0, disk_storage: 0, streams: 0, consumer: 0 };
const UNBOUNDED = { imports: -1, exports: -1, wildcards: true, conn: -1, leaf: 0, subs: -1, data: -1, payload: -1 };

/** The account with everything in it: control's and the operators'. */
export function meshAccount(subjects: Subjects, keys: AccountKeys, limits: JetStreamLimits): AccountClaims {
  const rights = agentRights(subjects);
  return {
    ...NO_TYPE,
    limits: {
      ...UNBOUNDED,
      mem_storage: limits.memoryBytes,
      disk_storage: limits.fileBytes,
      streams: 64,
      consumer: 1024,
    },
    exports: [
      ...rights.filter(({ flow }) => flow === 'asks').map(({ subject }) => exported('service', subject('*'))),
      ...rights.filter(({ flow }) => flow === 'hears').map(({ subject }) => exported('stream', subject('*'))),
      exported('service', subjects.join('*')),
    ],
    imports: [
      ...rights
        .filter(({ flow }) => flow === 'answers')
        .map(({ subject }) => imported('service', subject('*'), keys.agents)),
      ...rights
        .filter(({ flow }) => flow === 'tells')
        .map(({ subject }) => imported('stream', subject('*'), keys.agents)),
    ],
  };
}

/** The account of the hosts that have joined: nothing is stored in it. */
export function agentsAccount(subjects: Subjects, keys: AccountKeys, signer: ScopedSigner): AccountClaims {
  const rights = agentRights(subjects);
  return {
    ...NO_TYPE,
    limits: { ...UNBOUNDED, ...NOTHING_STORED },
    signing_keys: [signer],
    exports: [
      ...rights.filter(({ flow }) => flow === 'answers').map(({ subject }) => exported('service', subject('*'), true)),
      ...rights.filter(({ flow }) => flow === 'tells').map(({ subject }) => exported('stream', subject('*'))),
    ],
    imports: [
      ...rights
        .filter(({ flow }) => flow === 'asks')
        .map(({ subject }) => imported('service', subject('*'), keys.mesh)),
      ...rights
        .filter(({ flow }) => flow === 'hears')
        .map(({ subject }) => imported('stream', subject('*'), keys.mesh)),
    ],
  };
}

/** The account of hosts that hold a token. */
export function joinAccount(subjects: Subjects, keys: AccountKeys, signer: ScopedSigner): AccountClaims {
  return {
    ...NO_TYPE,
    limits: { ...UNBOUNDED, ...NOTHING_STORED },
    signing_keys: [signer],
    imports: [imported('service', subjects.join('*'), keys.mesh)],
  };
}

/** Of the server itself: health, and the revocations that operators push. */
export function systemAccount(): AccountClaims {
  return { ...NO_TYPE, limits: { ...UNBOUNDED, ...NOTHING_STORED } };
}

const NO_TYPE = { type: 'account', version: 2 } as const;

/** Commands to agents may be answered by several, and by one more than once. */
function exported(type: 'service' | 'stream', subject: string, streams = false) {
  return { name: subject, subject, type, ...(streams ? { response_type: 'Stream' as const } : {}) };
}

function imported(type: 'service' | 'stream', subject: string, account: string) {
  return { name: subject, subject, account, type };
}
