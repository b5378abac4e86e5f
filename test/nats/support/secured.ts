/** A secured mesh as `towpath control init` makes it: a real server with TLS and accounts, control, and hosts that join. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, credsAuthenticator, type NatsConnection } from '../../../src/contract/bus.ts';
import type { Bus } from '../../../src/contract/bus-types.ts';
import { type CreateToken, createdTokenSchema, issuedSchema } from '../../../src/contract/join-messages.ts';
import { decodeJoinToken, type JoinToken } from '../../../src/contract/join-token.ts';
import { formatCredentials, makeKey } from '../../../src/contract/nats-jwt.ts';
import { connectOnce } from '../../../src/contract/open-bus.ts';
import { identityCheck } from '../../../src/contract/vet-server.ts';
import type { RunningControl } from '../../../src/control/main.ts';
import { type ControlSecurity, loadSecurity } from '../../../src/control/secure/load-security.ts';
import { makeMeshSecrets } from '../../../src/control/secure/mesh-secrets.ts';
import { makeServerCertificate } from '../../../src/control/secure/server-certificate.ts';
import { writeMesh } from '../../../src/control/secure/write-mesh.ts';
import { freePorts } from '../../helpers/free-ports.ts';
import { startControl } from './mesh.ts';
import { launchWith, type NatsProcess } from './nats-server.ts';

const CURRENT = join(import.meta.dirname, '..', '..', '..', '.tools', 'bin', 'nats-server-current');
export const SERVERS = [
  ['Debian', 'nats-server'],
  ['current', CURRENT],
] as const;

export interface Access {
  readonly credentialsFile: string;
  readonly caFile: string;
}

export interface SecuredMesh {
  readonly url: string;
  readonly directory: string;
  readonly caFile: string;
  readonly security: ControlSecurity;
  readonly control: RunningControl;
  /** With the rights of an operator. */
  readonly admin: Bus;
  token(request?: Partial<CreateToken>): Promise<{ readonly line: string; readonly token: JoinToken }>;
  /** Joins a host as its own command would, and writes its credentials. */
  joinHost(host: string, request?: Partial<CreateToken>): Promise<Access>;
  bus(access: Access, inboxId: string): Promise<Bus>;
  /** The client itself, which can do what our bus never does. */
  client(access: Access, inboxId: string): Promise<NatsConnection>;
  /** SIGKILL, and again with the same store. */
  restartServer(): Promise<void>;
  dispose(): Promise<void>;
}

export async function startSecuredMesh(program: string): Promise<SecuredMesh> {
  const root = await mkdtemp(join(tmpdir(), 'towpath-secured-'));
  const directory = join(root, 'etc');
  const [port = 0] = await freePorts(1);
  const url = `tls://127.0.0.1:${port}`;
  const place = { directory, mesh: 'default', listen: '127.0.0.1', port, dataDirectory: join(root, 'data') };
  const layout = await writeMesh(
    { ...place, servers: [url], localServer: url, natsOwner: null },
    await makeMeshSecrets('default'),
    await makeServerCertificate('default', ['127.0.0.1'], Date.now()),
  );
  const start = (): Promise<NatsProcess> => launchWith(program, layout.natsConfig, root, port);
  let nats = await start();
  const security = await loadSecurity(layout.control);
  const { credentialsFile, caFile } = security;
  const control = await startControl(url, 'test', 1_000, null, { security, credentialsFile, caFile });
  const bus = (access: Access, inboxId: string): Promise<Bus> =>
    connectOnce({ servers: [url], name: 'test', inboxId, ...access, reads: 'direct' }, 2_000);
  const admin = await connectOnce(
    {
      servers: [url],
      name: 'test',
      inboxId: 'operator',
      credentialsFile: layout.adminCredentials,
      caFile,
      reads: 'leader',
    },
    2_000,
  );
  const token: SecuredMesh['token'] = async (request = {}) => {
    const reply = await admin.request('towpath.v1.default.control.token.create', JSON.stringify(request), 5_000);
    if (reply.header('Nats-Service-Error') !== '') throw new Error(reply.header('Nats-Service-Error'));
    const { token: line } = createdTokenSchema.parse(JSON.parse(reply.text()));
    const decoded = decodeJoinToken(line);
    if (!decoded.ok) throw new Error(decoded.error);
    return { line, token: decoded.value };
  };
  await answering(admin);
  return {
    url,
    directory,
    caFile,
    security,
    control,
    admin,
    token,
    bus,
    client: async (access, inboxId) =>
      connect({
        servers: [url],
        inboxPrefix: `_INBOX.${inboxId}`,
        reconnect: false,
        tls: trust(access.caFile),
        authenticator: credsAuthenticator(await readFile(access.credentialsFile)),
      }),
    joinHost: async (host, request = {}) => {
      const { token: made } = await token({ host, ...request });
      const { jwt, seed } = await askToJoin(bus, root, caFile, made, host);
      const file = join(root, `${host}.creds`);
      await writeFile(file, formatCredentials(jwt, seed), { mode: 0o600 });
      return { credentialsFile: file, caFile };
    },
    restartServer: async () => {
      await nats.kill();
      nats = await start();
    },
    dispose: async () => {
      await control.stop();
      await admin.close();
      await nats.kill();
      await rm(root, { recursive: true, force: true });
    },
  };
}

/** By itself the client compares a certificate with `localhost` when it dials an address. */
function trust(caFile: string) {
  return { caFile, checkServerIdentity: identityCheck(['127.0.0.1']) };
}

/** Throws with control's sentence when it refuses. */
export async function askToJoin(
  bus: SecuredMesh['bus'],
  folder: string,
  caFile: string,
  { id, jwt, seed }: JoinToken,
  host: string,
): Promise<{ readonly jwt: string; readonly seed: string }> {
  const file = join(folder, `join-${id}.creds`);
  await writeFile(file, formatCredentials(jwt, seed), { mode: 0o600 });
  const key = makeKey('user');
  const joining = await bus({ credentialsFile: file, caFile }, id);
  try {
    const body = JSON.stringify({ host, publicKey: key.publicKey });
    const reply = await joining.request(`towpath.v1.default.join.${id}`, body, 5_000);
    const refusal = reply.header('Nats-Service-Error');
    if (refusal !== '') throw new Error(refusal);
    return { jwt: issuedSchema.parse(JSON.parse(reply.text())).jwt, seed: key.seed };
  } finally {
    await joining.close();
  }
}

async function answering(admin: Bus): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const reply = await admin.request('towpath.v1.default.control.mesh.status', '', 1_000).catch(() => null);
    if (reply !== null) return;
    if (performance.now() > deadline) throw new Error('control does not answer');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
