/** Where the files of a secured mesh lie on its control host. Pure. */

export const DEFAULT_DIRECTORY = '/etc/towpath';
/** Where commands look for the mesh when nothing names it. */
export const CLIENT_FILE = 'client.yaml';

export interface MeshLayout {
  readonly natsConfig: string;
  readonly serverCertificate: string;
  readonly serverKey: string;
  readonly ca: string;
  /** What `towpath control` needs, in a folder of its own. */
  readonly control: string;
  readonly adminCredentials: string;
  readonly client: string;
  /** What is needed to revoke, or to make other credentials: may be kept elsewhere. */
  readonly keys: string;
}

export function layoutOf(directory: string): MeshLayout {
  return {
    natsConfig: `${directory}/nats/nats.conf`,
    serverCertificate: `${directory}/nats/server.pem`,
    serverKey: `${directory}/nats/server-key.pem`,
    ca: `${directory}/nats/ca.pem`,
    control: `${directory}/control`,
    adminCredentials: `${directory}/admin.creds`,
    client: `${directory}/${CLIENT_FILE}`,
    keys: `${directory}/keys`,
  };
}

/** Files of the folder `control`. */
export const CONTROL_FILES = {
  mesh: 'mesh.yaml',
  credentials: 'control.creds',
  ca: 'nats-ca.pem',
  agentsSigner: 'agents.nk',
  joinSigner: 'join.nk',
} as const;

/** What systemd's unit of control needs besides: it runs as nobody in particular, and root's files are handed to it. */
export function dropInFor({ control }: Pick<MeshLayout, 'control'>): string {
  const credentials = Object.values(CONTROL_FILES).map((name) => `LoadCredential=${name}:${control}/${name}`);
  return `[Service]\n${credentials.join('\n')}\nEnvironment=TOWPATH_CONTROL_DIRECTORY=%d\n`;
}
