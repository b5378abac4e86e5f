/** `towpath control`: runs the control service in the foreground. */
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { packageVersion } from '../config/package-version.ts';
import { COLLECTOR_URL } from '../config/telemetry-schema.ts';
import { hostIdOf, isToken } from '../contract/subjects.ts';
import { runControl } from '../control/main.ts';
import { DEFAULT_DIRECTORY } from '../control/secure/layout.ts';
import { type ControlSecurity, loadSecurity } from '../control/secure/load-security.ts';
import { type ControlSettings, DEFAULT_CONTROL_SETTINGS } from '../control/settings.ts';
import { createLogger, type LoggerLevel } from '../telemetry/logger.ts';
import { CONNECTION_HELP, CONNECTION_OPTIONS, connectionOf } from './ask-control.ts';
import { CERTIFICATE_HELP, CERTIFICATE_OPTIONS, certificateSettings } from './certificate-options.ts';
import type { Command, CommandIo } from './command.ts';
import { INIT_HELP, initMesh } from './control-init.ts';
import { parseDuration } from './parse-duration.ts';
import { parseWords, wrongUsage } from './parse-words.ts';

const LEVELS: readonly LoggerLevel[] = ['debug', 'info', 'warn', 'error', 'silent'];
const OPTIONS = {
  ...CONNECTION_OPTIONS,
  dir: { type: 'string' },
  id: { type: 'string' },
  http: { type: 'string' },
  replicas: { type: 'string' },
  'lease-ttl': { type: 'string' },
  'otlp-logs': { type: 'string' },
  'log-level': { type: 'string' },
  ...CERTIFICATE_OPTIONS,
} as const;

const HELP = `Runs the control service: admits resources, compiles them, publishes views to the agents. Everything it knows lies in NATS, so it
may be restarted at any time; agents go on without it. Of several on one NATS, one leads and the others stand by.

Usage:
  towpath control [options]
  towpath control init [options]    makes a secured mesh: keys, certificates, the configuration of nats-server ("init --help")

Options:
${CONNECTION_HELP}  --dir DIR         a secured mesh: the folder "control" that init made (TOWPATH_CONTROL_DIRECTORY; default
                    ${DEFAULT_DIRECTORY}/control, if it is there and no server is named)
  --id NAME         name of this replica (TOWPATH_CONTROL_ID; default: the host name)
  --http ADDR:PORT  /metrics, /healthz, /readyz (TOWPATH_CONTROL_HTTP; default [::]:15010)
  --replicas N      copies of each bucket when it is created: auto, 1, 3 or 5 (TOWPATH_REPLICAS; default auto: 3 in a cluster)
  --lease-ttl TIME  a host silent for this long is gone (TOWPATH_LEASE_TTL; default 8s)
  --otlp-logs URL   where access logs of the stream TOWPATH_LOG go by OTLP (TOWPATH_OTLP_LOGS), as http://127.0.0.1:4318/v1/logs
  --log-level L     debug, info, warn, error, silent (TOWPATH_LOG_LEVEL; default info)

${CERTIFICATE_HELP}
Signals: TERM and INT end it.

Examples:
  towpath control init
  towpath control
  towpath control --server nats://n1:4222,nats://n2:4222,nats://n3:4222
  towpath control --ca-cert intermediate.pem --ca-key intermediate.key --ca-roots roots.pem
`;

export const controlCommand: Command = {
  name: 'control',
  summary: 'run the control service',
  help: HELP,
  verbs: { init: INIT_HELP },
  completions: [
    'init',
    '--dir',
    '--server',
    '--mesh',
    '--creds',
    '--id',
    '--http',
    '--replicas',
    '--lease-ttl',
    '--otlp-logs',
    '--log-level',
    ...Object.keys(CERTIFICATE_OPTIONS).map((name) => `--${name}`),
    '--help',
  ],
  run: (args, io) => (args[0] === 'init' ? initMesh(args.slice(1), io) : runControlCommand(args, io)),
};

async function runControlCommand(args: readonly string[], io: CommandIo): Promise<number> {
  const { values } = parseWords('control', args, OPTIONS, 0);
  const wanted = values['log-level'] ?? io.env['TOWPATH_LOG_LEVEL'] ?? 'info';
  const level = LEVELS.find((known) => known === wanted);
  if (level === undefined)
    throw wrongUsage('control', `--log-level must be one of ${LEVELS.join(', ')}, not ${wanted}`);
  const security = await securityOf(values, io);
  const connection = connectionOf(
    'control',
    values,
    security === null ? io : { ...io, env: ownEnvironment(security, io) },
  );
  if (security !== null && connection.mesh !== security.mesh)
    throw wrongUsage('control', `the mesh of this folder is "${security.mesh}", not "${connection.mesh}"`);
  const settings: ControlSettings = {
    ...connection,
    security,
    id: parseId(values.id ?? io.env['TOWPATH_CONTROL_ID'] ?? hostIdOf(hostname())),
    version: packageVersion(),
    http: parseAddress(values.http ?? io.env['TOWPATH_CONTROL_HTTP']),
    replicas: parseReplicas(values.replicas ?? io.env['TOWPATH_REPLICAS'] ?? 'auto'),
    leaseTtlMs: parseTtl(values['lease-ttl'] ?? io.env['TOWPATH_LEASE_TTL'] ?? '8s'),
    otlpLogs: parseCollector(values['otlp-logs'] ?? io.env['TOWPATH_OTLP_LOGS']),
    reconcileMs: DEFAULT_CONTROL_SETTINGS.reconcileMs,
    certificates: certificateSettings(values, connection, io.env),
  };
  const signalled = untilSignal();
  const control = await runControl(settings, createLogger({ name: 'control', level }));
  await signalled;
  await control.stop();
  return 0;
}

/** null: an open mesh, or one that somebody else secured. */
async function securityOf(values: Values, { env }: CommandIo): Promise<ControlSecurity | null> {
  const named = values.dir ?? env['TOWPATH_CONTROL_DIRECTORY'];
  if (named !== undefined) return loadSecurity(named);
  const elsewhere = values.server ?? env['TOWPATH_NATS_SERVERS'];
  const usual = `${DEFAULT_DIRECTORY}/control`;
  return elsewhere === undefined && existsSync(usual) ? loadSecurity(usual) : null;
}

type Values = { readonly dir?: string | undefined; readonly server?: string | undefined };

/** What the folder says stands behind options and variables. */
function ownEnvironment(security: ControlSecurity, { env }: CommandIo): CommandIo['env'] {
  return {
    TOWPATH_NATS_SERVERS: security.localServer,
    TOWPATH_MESH: security.mesh,
    TOWPATH_NATS_CREDENTIALS_FILE: security.credentialsFile,
    TOWPATH_NATS_CA_FILE: security.caFile,
    ...env,
  };
}

function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => resolve());
  });
}

function parseId(text: string): string {
  if (isToken(text)) return text;
  throw wrongUsage('control', `--id must be lower-case letters, digits, - or _, not "${text}"`);
}

function parseReplicas(text: string): ControlSettings['replicas'] {
  if (text === 'auto') return 'auto';
  if (text === '1') return 1;
  if (text === '3') return 3;
  if (text === '5') return 5;
  throw wrongUsage('control', `--replicas must be auto, 1, 3 or 5, not "${text}"`);
}

function parseTtl(text: string): number {
  const ms = parseDuration('control', '--lease-ttl', text);
  if (ms >= 1_000 && ms <= 60_000) return ms;
  throw wrongUsage('control', `--lease-ttl must be between 1s and 1m, not ${text}`);
}

function parseCollector(text: string | undefined): string | null {
  if (text === undefined || text === '') return null;
  if (COLLECTOR_URL.test(text) && URL.canParse(text)) return text;
  throw wrongUsage('control', `--otlp-logs ${COLLECTOR_ADVICE}, not "${text}"`);
}

const COLLECTOR_ADVICE = 'must be a URL such as http://127.0.0.1:4318/v1/logs; a collector on this host adds TLS';

function parseAddress(text: string | undefined): ControlSettings['http'] {
  if (text === undefined) return DEFAULT_CONTROL_SETTINGS.http;
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  if (match === null || port > 65535) throw wrongUsage('control', `--http must be ADDRESS:PORT, not "${text}"`);
  return { address: match[1] ?? (match[2] === '' || match[2] === undefined ? '::' : match[2]), port };
}
