/** Writes what a control host needs. Secrets are 0600 from their first byte; nothing that is there is written over. */
import { chown, mkdir, open, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { UserError } from '../../core/errors.ts';
import { formatYaml } from '../../core/yaml.ts';
import { CONTROL_FILES, layoutOf, type MeshLayout } from './layout.ts';
import type { MeshSecrets } from './mesh-secrets.ts';
import { renderNatsConfig } from './nats-config.ts';
import type { ServerCertificate } from './server-certificate.ts';

export interface MeshPlan {
  readonly directory: string;
  readonly mesh: string;
  readonly listen: string;
  readonly port: number;
  readonly dataDirectory: string;
  /** `tls://` addresses for agents. */
  readonly servers: readonly string[];
  /** For control and commands on this host. */
  readonly localServer: string;
  /** The account that nats-server runs as; null: the one that runs this. */
  readonly natsOwner: { readonly uid: number; readonly gid: number } | null;
}

interface PlannedFile {
  readonly path: string;
  readonly text: string;
  readonly secret: boolean;
}

const SECRET = 0o600;
const PUBLIC = 0o644;

/** @throws UserError when there is a mesh in the folder, or it cannot be written; then nothing of this attempt is left. */
export async function writeMesh(
  plan: MeshPlan,
  secrets: MeshSecrets,
  certificate: ServerCertificate,
): Promise<MeshLayout> {
  const layout = layoutOf(plan.directory);
  await refuseExisting(plan.directory, layout);
  const written: string[] = [];
  try {
    for (const folder of [plan.directory, dirname(layout.natsConfig)])
      await mkdir(folder, { recursive: true, mode: 0o755 });
    for (const folder of [layout.control, layout.keys]) await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const { path, text, secret } of filesOf(plan, layout, secrets, certificate)) {
      const file = await open(path, 'wx', secret ? SECRET : PUBLIC);
      written.push(path);
      await file.writeFile(text);
      await file.sync();
      await file.close();
    }
    if (plan.natsOwner !== null) await chown(layout.serverKey, plan.natsOwner.uid, plan.natsOwner.gid);
    return layout;
  } catch (error) {
    for (const path of written) await rm(path, { force: true });
    throw new UserError({ code: 'TWP2901', message: `the mesh cannot be written: ${(error as Error).message}` });
  }
}

async function refuseExisting(directory: string, layout: MeshLayout): Promise<void> {
  const there = await stat(layout.natsConfig).then(
    () => true,
    () => false,
  );
  if (!there) return;
  throw new UserError({
    code: 'TWP2902',
    message: `there is a mesh in ${directory} already, and hosts may have joined it; nothing was changed`,
    hint: 'make another one in another folder with --dir, or remove this one first',
  });
}

function filesOf(plan: MeshPlan, layout: MeshLayout, secrets: MeshSecrets, tls: ServerCertificate): PlannedFile[] {
  const plain = (path: string, text: string): PlannedFile => ({ path, text, secret: false });
  const secret = (path: string, text: string): PlannedFile => ({ path, text: `${text.trimEnd()}\n`, secret: true });
  const { accounts, signers, credentials } = secrets;
  const inControl = (name: keyof typeof CONTROL_FILES): string => `${layout.control}/${CONTROL_FILES[name]}`;
  const nats = {
    listen: plan.listen,
    port: plan.port,
    dataDirectory: plan.dataDirectory,
    certificateFile: layout.serverCertificate,
    keyFile: layout.serverKey,
  };
  return [
    secret(`${layout.keys}/operator.nk`, secrets.operator.seed),
    ...Object.entries(accounts).map(([name, { key }]) => secret(`${layout.keys}/account-${name}.nk`, key.seed)),
    secret(`${layout.keys}/system.creds`, credentials.system),
    ...(tls.caKey === '' ? [] : [secret(`${layout.keys}/nats-ca-key.pem`, tls.caKey)]),
    secret(inControl('credentials'), credentials.control),
    secret(inControl('agentsSigner'), signers.agents.seed),
    secret(inControl('joinSigner'), signers.join.seed),
    plain(inControl('ca'), tls.ca),
    plain(inControl('mesh'), formatYaml(meshFile(plan, secrets))),
    secret(layout.adminCredentials, credentials.admin),
    plain(layout.client, clientFile(plan, layout)),
    plain(layout.ca, tls.ca),
    plain(layout.serverCertificate, tls.certificate),
    secret(layout.serverKey, tls.key),
    // Last: it is what tells that a mesh is there.
    plain(layout.natsConfig, renderNatsConfig(plan.mesh, nats, secrets)),
  ];
}

function meshFile(plan: MeshPlan, { accounts }: MeshSecrets): Readonly<Record<string, unknown>> {
  return {
    mesh: plan.mesh,
    localServer: plan.localServer,
    servers: plan.servers,
    agentsAccount: accounts.agents.key.publicKey,
    joinAccount: accounts.join.key.publicKey,
  };
}

function clientFile({ mesh, localServer }: MeshPlan, layout: MeshLayout): string {
  const settings = { mesh, servers: [localServer], credentialsFile: layout.adminCredentials, caFile: layout.ca };
  return `# How the commands of this host reach the mesh, when nothing else is said.\n${formatYaml(settings)}`;
}
