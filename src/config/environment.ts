/** The environment: the one reader of `process.env`, and the variables that override fields of the agent file. */

import { closestWord } from '../core/closest-word.ts';
import type { Problem } from '../core/errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export function readEnvironment(): Environment {
  return { ...process.env };
}

type VariableKind = 'text' | 'number' | 'flag' | 'list';

interface Variable {
  readonly name: string;
  readonly kind: VariableKind;
  /** The field it replaces. */
  readonly path: readonly [string] | readonly [string, string];
}

/** Each wins over the file. `docs/agent.md` lists them. */
export const AGENT_VARIABLES: readonly Variable[] = [
  { name: 'TOWPATH_MESH', kind: 'text', path: ['mesh'] },
  { name: 'TOWPATH_HOST', kind: 'text', path: ['host'] },
  { name: 'TOWPATH_ADDRESS', kind: 'text', path: ['address'] },
  { name: 'TOWPATH_LOCALITY', kind: 'text', path: ['locality'] },
  { name: 'TOWPATH_NATS_SERVERS', kind: 'list', path: ['nats', 'servers'] },
  { name: 'TOWPATH_NATS_CREDENTIALS_FILE', kind: 'text', path: ['nats', 'credentialsFile'] },
  { name: 'TOWPATH_NATS_CA_FILE', kind: 'text', path: ['nats', 'caFile'] },
  { name: 'TOWPATH_NATS_ALLOW_OPEN', kind: 'flag', path: ['nats', 'allowOpen'] },
  { name: 'TOWPATH_STATE_DIRECTORY', kind: 'text', path: ['stateDirectory'] },
  { name: 'TOWPATH_MUTUAL_TLS', kind: 'flag', path: ['mutualTls'] },
  { name: 'TOWPATH_DATA_THREADS', kind: 'number', path: ['dataThreads'] },
  { name: 'TOWPATH_LOG_LEVEL', kind: 'text', path: ['log', 'level'] },
  { name: 'TOWPATH_OUTBOUND_PORT', kind: 'number', path: ['ports', 'outbound'] },
  { name: 'TOWPATH_INBOUND_PORT', kind: 'number', path: ['ports', 'inbound'] },
  { name: 'TOWPATH_EXPLICIT_PORT', kind: 'number', path: ['ports', 'explicit'] },
  { name: 'TOWPATH_ADMIN_PORT', kind: 'number', path: ['ports', 'admin'] },
  { name: 'TOWPATH_METRICS_PORT', kind: 'number', path: ['ports', 'metrics'] },
  { name: 'TOWPATH_METRICS_ADDRESS', kind: 'text', path: ['metricsAddress'] },
  { name: 'TOWPATH_METRICS_ISTIO', kind: 'flag', path: ['metrics', 'istio'] },
  { name: 'TOWPATH_DRAIN_SECONDS', kind: 'number', path: ['drainSeconds'] },
  { name: 'TOWPATH_INTERCEPTION', kind: 'flag', path: ['interception', 'enabled'] },
  { name: 'TOWPATH_DNS_CAPTURE', kind: 'flag', path: ['dns', 'capture'] },
  { name: 'TOWPATH_DNS_PORT', kind: 'number', path: ['dns', 'port'] },
  { name: 'TOWPATH_FAILURE', kind: 'text', path: ['interception', 'failure'] },
];

/** A plain object of unknown fields, as YAML gives it. */
export type RawObject = Readonly<Record<string, unknown>>;

export interface Overlay {
  readonly raw: RawObject;
  /** `log.level` -> `TOWPATH_LOG_LEVEL`: where a problem with that field really comes from. */
  readonly origins: ReadonlyMap<string, string>;
}

/**
 * Puts the variables over the file's raw value. An empty variable counts as unset. A word where a number belongs stays a
 * word, so that the schema's sentence about it is the only one.
 */
export function overlayEnvironment(file: RawObject, env: Environment): Overlay {
  let raw = file;
  const origins = new Map<string, string>();
  for (const { name, kind, path } of AGENT_VARIABLES) {
    const text = env[name];
    if (text === undefined || text === '') continue;
    const value = parseVariable(kind, text);
    const [first, second] = path;
    if (second === undefined) raw = { ...raw, [first]: value };
    else {
      const section = raw[first];
      if (section !== undefined && section !== null && !isObject(section)) continue;
      raw = { ...raw, [first]: { ...(section ?? {}), [second]: value } };
    }
    origins.set(path.join('.'), name);
  }
  return { raw, origins };
}

/** Misspelt variables: one that is close to a known name is surely meant to be it. */
export function suspectVariables(env: Environment): Problem[] {
  const known = AGENT_VARIABLES.map((v) => v.name);
  return Object.keys(env)
    .filter((name) => name.startsWith('TOWPATH_') && !known.includes(name))
    .flatMap((name): Problem[] => {
      const near = closestWord(name, known);
      return near === null ? [] : [{ code: 'TWP2003', path: name, message: `unknown variable; did you mean ${near}?` }];
    });
}

export function isObject(value: unknown): value is RawObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseVariable(kind: VariableKind, text: string): unknown {
  switch (kind) {
    case 'text':
      return text;
    case 'number':
      return /^\d+(\.\d+)?$/.test(text) ? Number(text) : text;
    case 'list':
      return text.split(',').map((part) => part.trim());
    case 'flag':
      if (['true', 'on', 'yes', '1'].includes(text)) return true;
      return ['false', 'off', 'no', '0'].includes(text) ? false : text;
  }
}
