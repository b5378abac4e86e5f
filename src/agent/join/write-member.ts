/** What a member of the mesh keeps on its disk: credentials (0600), the CA to trust, and the agent file. */
import { access, constants, mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UserError } from '../../core/errors.ts';
import { editYaml, formatYaml, parseYamlDocuments } from '../../core/yaml.ts';

export const CREDENTIALS_FILE = 'nats.creds';
export const CA_FILE = 'nats-ca.pem';

const SECRET = 0o600;
const PUBLIC = 0o644;

export interface MemberPlaces {
  /** The agent file. */
  readonly config: string;
  readonly stateDirectory: string;
}

/** Makes the folders and tries whether they can be written, before a token is used up. @throws UserError */
export async function preparePlaces({ config, stateDirectory }: MemberPlaces): Promise<void> {
  try {
    await mkdir(dirname(config), { recursive: true, mode: 0o755 });
    await mkdir(stateDirectory, { recursive: true, mode: 0o700 });
    for (const folder of [dirname(config), stateDirectory]) await access(folder, constants.W_OK);
  } catch (error) {
    const message = `the files of this host cannot be written: ${(error as Error).message}`;
    throw new UserError({ code: 'TWP2907', message, hint: 'run it with sudo; the token is still unused' });
  }
}

/** Whole or not at all, and on the disk when it returns. */
export async function writeWhole(path: string, text: string, mode: number): Promise<void> {
  const file = await open(`${path}.new`, 'w', mode);
  try {
    await file.chmod(mode);
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}

export async function writeCredentials(stateDirectory: string, credentials: string): Promise<void> {
  await writeWhole(join(stateDirectory, CREDENTIALS_FILE), credentials, SECRET);
}

export interface Membership {
  readonly mesh: string;
  readonly host: string;
  readonly servers: readonly string[];
  /** PEM. */
  readonly ca: string;
}

/** Writes the CA, and the agent file: an existing one keeps everything but mesh, host and nats. @throws UserError when it is no agent file. */
export async function writeMembership({ config, stateDirectory }: MemberPlaces, membership: Membership): Promise<void> {
  const caFile = join(stateDirectory, CA_FILE);
  await writeWhole(caFile, membership.ca, PUBLIC);
  const { mesh, host, servers } = membership;
  const nats = { servers, credentialsFile: join(stateDirectory, CREDENTIALS_FILE), caFile };
  const before = await readFile(config, 'utf8').catch(() => null);
  await writeWhole(
    config,
    before === null
      ? newFile({ mesh, host, stateDirectory, nats })
      : edited(config, before, { mesh, host, stateDirectory, nats }),
    PUBLIC,
  );
}

interface Fields {
  readonly mesh: string;
  readonly host: string;
  readonly stateDirectory: string;
  readonly nats: object;
}

function newFile(fields: Fields): string {
  return `# The agent of this host; docs/agent.md explains every field. Made by "towpath agent join".
${formatYaml(fields)}
# The programs of this host that others may call, such as:
# workloads:
#   - { name: orders-1, namespace: shop, labels: { app: orders }, ports: { http: 8080 } }
`;
}

function edited(config: string, text: string, fields: Fields): string {
  const documents = parseYamlDocuments(text);
  if (!documents.ok || documents.value.length > 1) {
    throw new UserError({ code: 'TWP2907', path: config, message: 'is no agent file: mend it, then join again' });
  }
  if (documents.value.length === 0) return newFile(fields);
  return editYaml(
    text,
    Object.entries(fields).map(([name, value]) => [[name], value] as const),
  );
}
