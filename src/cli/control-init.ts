/** `towpath control init`: everything that a control host of a secured mesh needs, in one folder. */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { findHostAddress } from '../agent/host/host-address.ts';
import { DEFAULT_MESH, hostIdOf, isToken } from '../contract/subjects.ts';
import { isLoopback } from '../contract/vet-server.ts';
import { DEFAULT_DIRECTORY, dropInFor, type MeshLayout } from '../control/secure/layout.ts';
import { makeMeshSecrets } from '../control/secure/mesh-secrets.ts';
import { type OwnCertificate, readServerCertificate } from '../control/secure/read-certificate.ts';
import type { ServerCertificate } from '../control/secure/server-certificate.ts';
import { type MeshPlan, writeMesh } from '../control/secure/write-mesh.ts';
import { runCommand } from '../intercept/run-command.ts';
import type { CommandIo } from './command.ts';
import { parseWords, wrongUsage } from './parse-words.ts';

export const INIT_HELP = `Makes a secured mesh on this host: operator, accounts and signing keys of NATS, a CA and a certificate for nats-server, credentials for
control and for operators, and the configuration of nats-server. Nothing is started, and nothing that is there is changed.

Usage:
  towpath control init [options]

Options:
  --dir DIR              where to write (default ${DEFAULT_DIRECTORY})
  --mesh NAME            name of the mesh (default ${DEFAULT_MESH})
  --listen ADDR[:PORT]   where nats-server listens (default [::]:4222, all addresses)
  --address NAME         under which hosts reach it, a name or an address; several are possible (default: this host's address)
  --data DIR             where nats-server keeps its data (default /var/lib/towpath-nats)
  --nats-user USER       account that nats-server runs as (default nats, if there is one)
  --tls-cert FILE        a certificate for nats-server (with intermediates) instead of one of our own
  --tls-key FILE         its key
  --tls-ca FILE          the CA that hosts shall trust for it

Examples:
  sudo towpath control init
  sudo towpath control init --listen 10.0.0.1 --address mesh.example
`;

const OPTIONS = {
  dir: { type: 'string' },
  mesh: { type: 'string' },
  listen: { type: 'string' },
  address: { type: 'string', multiple: true },
  data: { type: 'string' },
  'nats-user': { type: 'string' },
  'tls-cert': { type: 'string' },
  'tls-key': { type: 'string' },
  'tls-ca': { type: 'string' },
} as const;

const DEFAULT_DATA = '/var/lib/towpath-nats';
const DEFAULT_PORT = 4222;

/** Returns 0. @throws UserError: wrong usage, a mesh that is there already, files that cannot be written or read. */
export async function initMesh(args: readonly string[], io: CommandIo): Promise<number> {
  const { values } = parseWords('control', args, OPTIONS, 0);
  const mesh = values.mesh ?? io.env['TOWPATH_MESH'] ?? DEFAULT_MESH;
  if (!isToken(mesh)) throw wrongUsage('control', `the mesh name "${mesh}" must be lower-case letters, digits, - or _`);
  const { address: listen, port } = parseListen(values.listen ?? `[::]:${DEFAULT_PORT}`);
  const reached = values.address ?? reachedBy(listen);
  const own = ownCertificate(values);
  const local = listen === '::' || listen === '0.0.0.0' ? '127.0.0.1' : listen;
  const plan: MeshPlan = {
    directory: resolve(values.dir ?? DEFAULT_DIRECTORY),
    mesh,
    listen,
    port,
    dataDirectory: resolve(values.data ?? DEFAULT_DATA),
    servers: reached.map((name) => url(name, port)),
    // A certificate from elsewhere hardly names the loopback address.
    localServer: url(own === null ? local : (reached[0] ?? local), port),
    natsOwner: await accountOf(values['nats-user']),
  };
  const names = [
    ...new Set([...reached, ...(listen === '::' || listen === '0.0.0.0' ? [] : [listen]), ...LOCAL_NAMES, hostname()]),
  ];
  const layout = await writeMesh(plan, await makeMeshSecrets(mesh), await certificateOf(own, mesh, names));
  if (plan.directory === DEFAULT_DIRECTORY && existsSync(UNITS)) {
    await mkdir(DROP_IN, { recursive: true });
    await writeFile(`${DROP_IN}/secured.conf`, dropInFor(layout));
    await runCommand('systemctl', ['daemon-reload']);
  }
  io.out(report(plan, layout));
  return 0;
}

/** Is there where systemd runs. */
const UNITS = '/run/systemd/system';
const DROP_IN = '/etc/systemd/system/towpath-control.service.d';

const LOCAL_NAMES = ['localhost', '127.0.0.1', '::1'];

async function certificateOf(
  own: OwnCertificate | null,
  mesh: string,
  names: readonly string[],
): Promise<ServerCertificate> {
  if (own !== null) return readServerCertificate(own);
  // Loaded only here: the library behind it is large.
  const { makeServerCertificate } = await import('../control/secure/server-certificate.ts');
  return makeServerCertificate(mesh, names, Date.now());
}

function parseListen(text: string): { readonly address: string; readonly port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)|([0-9a-fA-F:]+))(?::(\d{1,5}))?$/.exec(text);
  const bare = /^[0-9a-fA-F]*:[0-9a-fA-F:]*:[0-9a-fA-F:.]*$/.test(text) ? text : null;
  const address = bare ?? match?.[1] ?? match?.[2] ?? '';
  const port = bare === null && match?.[4] !== undefined ? Number(match[4]) : DEFAULT_PORT;
  if (address === '' || port < 1 || port > 65535)
    throw wrongUsage('control', `--listen must be ADDRESS or ADDRESS:PORT, not "${text}"`);
  return { address, port };
}

function reachedBy(listen: string): string[] {
  if (listen !== '::' && listen !== '0.0.0.0') return [listen];
  return [findHostAddress() ?? '127.0.0.1'];
}

function url(name: string, port: number): string {
  if (!/^[A-Za-z0-9:._-]{1,253}$/.test(name)) throw wrongUsage('control', `--address "${name}" is no name or address`);
  return name.includes(':') ? `tls://[${name}]:${port}` : `tls://${name}:${port}`;
}

function ownCertificate(values: {
  readonly 'tls-cert'?: string | undefined;
  readonly 'tls-key'?: string | undefined;
  readonly 'tls-ca'?: string | undefined;
}): OwnCertificate | null {
  const { 'tls-cert': certificate, 'tls-key': key, 'tls-ca': ca } = values;
  if (certificate !== undefined && key !== undefined && ca !== undefined) return { certificate, key, ca };
  if (certificate === undefined && key === undefined && ca === undefined) return null;
  throw wrongUsage('control', '--tls-cert, --tls-key and --tls-ca go together');
}

/** Only root may give files away; for anybody else nats-server runs as himself. */
async function accountOf(user: string | undefined): Promise<MeshPlan['natsOwner']> {
  if (process.geteuid?.() !== 0) return null;
  const { stdout } = await runCommand('getent', ['passwd', user ?? 'nats']);
  const [, , uid, gid] = stdout.split(':');
  if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  if (user === undefined) return null;
  throw wrongUsage('control', `there is no account "${user}" on this machine`);
}

function report(plan: MeshPlan, layout: MeshLayout): string {
  const only = plan.servers.every((server) => isLoopback(/\/\/\[?([^\]]+?)\]?:\d+$/.exec(server)?.[1] ?? ''));
  return `the mesh "${plan.mesh}" is made, in ${plan.directory}

1. start NATS and control, as units (systemd/ in the package):
     systemctl enable --now towpath-nats towpath-control
   or by hand:
     nats-server -c ${layout.natsConfig} &
     towpath control --dir ${layout.control}
2. for each host, make a token, and paste the line that it prints there:
     towpath join-token create --for ${only ? hostIdOf(hostname()) : 'HOST'}

Hosts reach it at ${plan.servers.join(', ')}.
${layout.keys} is needed only to revoke hosts and to change limits: keep a copy elsewhere, and only there if you like.
`;
}
