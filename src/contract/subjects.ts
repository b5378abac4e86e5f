/**
 * Names on the bus. Prefix `towpath.v1.<mesh>`; the host id stands before the verb, so that one permission covers a
 * host. Bucket names carry the mesh only when it is not `default`: two meshes may share one NATS account.
 */
import { err, ok, type Result } from '../core/result.ts';
import type { ServiceKey } from './views.ts';

export const DEFAULT_MESH = 'default';
export const DEFAULT_NATS_URL = 'nats://127.0.0.1:4222';
export const CONTROL_SERVICE = 'towpath-control';
export const AGENT_SERVICE = 'towpath-agent';

/** Holds `{epoch, gen}` of the mesh: written last in each publication, so it is also the signal to acknowledge. */
export const META_KEY = '_meta';
/** In the view bucket: the highest epoch that a control has claimed. Agents do not read it. */
export const EPOCH_KEY = '_epoch';

export type BucketName = 'config' | 'view' | 'endpoint' | 'lease' | 'status' | 'lock' | 'join' | 'trust' | 'quota';

export interface Subjects {
  readonly mesh: string;
  readonly bucket: (name: BucketName) => string;
  /** Where stored values of a bucket are republished: `….<bucket>.<key>`. */
  readonly republished: (name: BucketName, key: string) => string;
  /** `….control.<noun>.<verb>` */
  readonly control: (noun: string, verb: string) => string;
  /** `….control.<noun>.<verb>.<host>`: what agents ask of control. With permissions for each host the server lets it ask in its own name only. */
  readonly fromAgent: (noun: string, verb: string, host: string) => string;
  /** `….join.<token>`: the one subject that a join token may publish to. */
  readonly join: (token: string) => string;
  /** `….agent.<host>.<verb>` */
  readonly agent: (host: string, verb: string) => string;
  /** `….agents.<verb>`, heard by every agent. */
  readonly agents: (verb: string) => string;
  /** `….controls.<verb>`, heard by every control, whether it leads or stands by. */
  readonly controls: (verb: string) => string;
  /** `….ack.<host>` */
  readonly ack: (host: string) => string;
  /** `….met.<host>`: what a host says of its traffic; `*` for all hosts. */
  readonly metrics: (host: string) => string;
  /** `….log.<host>`: lines of the access log of a host; `*` for all hosts. */
  readonly log: (host: string) => string;
  readonly logStream: string;
  /** `….audit.<noun>` */
  readonly audit: (noun: string) => string;
  readonly auditStream: string;
}

const TOKEN = /^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$/;

/** True for a text that is one safe subject token and at most 63 characters. */
export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/** Makes a host id out of a host name: lower case, anything but letters, digits, `-` and `_` becomes `-`. */
export function hostIdOf(hostname: string): string {
  const cleaned = hostname.toLowerCase().replace(/[^a-z0-9_-]+/g, '-');
  const trimmed = cleaned
    .replace(/^[-_]+/, '')
    .slice(0, 63)
    .replace(/[-_]+$/, '');
  return trimmed === '' ? 'host' : trimmed;
}

/** The subjects of a mesh. Throws RangeError when the mesh name is not a safe token. */
export function subjectsOf(mesh: string): Subjects {
  if (!isToken(mesh))
    throw new RangeError(`the mesh name ${JSON.stringify(mesh)} must be lower-case letters, digits, - or _`);
  const prefix = `towpath.v1.${mesh}`;
  const suffix = mesh === DEFAULT_MESH ? '' : `_${mesh}`;
  return {
    mesh,
    bucket: (name) => `towpath_${name}${suffix}`,
    republished: (name, key) => `${prefix}.${name}.${key}`,
    control: (noun, verb) => `${prefix}.control.${noun}.${verb}`,
    fromAgent: (noun, verb, host) => `${prefix}.control.${noun}.${verb}.${host}`,
    join: (token) => `${prefix}.join.${token}`,
    agent: (host, verb) => `${prefix}.agent.${host}.${verb}`,
    agents: (verb) => `${prefix}.agents.${verb}`,
    controls: (verb) => `${prefix}.controls.${verb}`,
    ack: (host) => `${prefix}.ack.${host}`,
    metrics: (host) => `${prefix}.met.${host}`,
    log: (host) => `${prefix}.log.${host}`,
    logStream: `TOWPATH_LOG${suffix.toUpperCase()}`,
    audit: (noun) => `${prefix}.audit.${noun}`,
    auditStream: `TOWPATH_AUDIT${suffix.toUpperCase()}`,
  };
}

/** `svc.<namespace>.<name>`: the KV key of a service's view. */
export function serviceViewKey(key: ServiceKey): string {
  const [namespace = '', name = ''] = key.split('/', 2);
  return `svc.${namespace}.${name}`;
}

/** The service of a view key, or null when the key is not `svc.<namespace>.<name>`. */
export function serviceOfViewKey(key: string): ServiceKey | null {
  const match = /^svc\.([^.]+)\.([^.]+)$/.exec(key);
  return match === null ? null : `${match[1]}/${match[2]}`;
}

/** `host.<h>`: the KV key of what the agent of a host must know of its own workloads. */
export function hostViewKey(host: string): string {
  return `host.${host}`;
}

/** The host of a view key, or null when the key is not `host.<h>`. */
export function hostOfViewKey(key: string): string | null {
  const match = /^host\.([^.]+)$/.exec(key);
  return match === null ? null : (match[1] ?? null);
}

/** `<host>.<namespace>.<name>`: the KV key of a registered workload; its name may contain dots. */
export function endpointKey(host: string, namespace: string, name: string): string {
  return `${host}.${namespace}.${name}`;
}

export interface EndpointKeyParts {
  readonly host: string;
  readonly namespace: string;
  readonly name: string;
}

export function parseEndpointKey(key: string): Result<EndpointKeyParts, string> {
  const [host = '', namespace = '', ...rest] = key.split('.');
  if (!isToken(host) || !isToken(namespace) || rest.length === 0 || !rest.every(isToken)) {
    return err(`the key ${JSON.stringify(key.slice(0, 200))} is not <host>.<namespace>.<workload>`);
  }
  return ok({ host, namespace, name: rest.join('.') });
}
