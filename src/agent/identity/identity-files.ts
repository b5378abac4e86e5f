/** Keys, certificates and roots of this host on disk, in one file that is written whole or not at all and that only root may read. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { MAX_IDENTITIES, trustSchema } from '../../contract/certificate-messages.ts';
import { decodeJson } from '../../contract/decode.ts';
import { z } from '../../core/schema.ts';

const FILE = 'identity';
const FILE_MODE = 0o600;
const MAX_BYTES = 8 * 1024 * 1024;

const time = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const heldSchema = z.object({
  namespace: z.string().max(63),
  account: z.string().max(253),
  spiffeId: z.string().max(2048),
  /** PKCS #8, PEM. */
  key: z.string().max(16_384),
  chain: z.string().max(65_536),
  /** Fingerprint. */
  root: z.string().length(64),
  notBeforeMs: time,
  notAfterMs: time,
});
export type HeldIdentity = z.infer<typeof heldSchema>;

const fileSchema = z.object({
  mesh: z.string(),
  trust: trustSchema.nullable(),
  identities: z.array(heldSchema).max(MAX_IDENTITIES),
});
export type IdentityFile = z.infer<typeof fileSchema>;

/** null: there is none, or it cannot be used, which `warn` then hears: new certificates are asked for. */
export async function loadIdentities(
  directory: string,
  mesh: string,
  warn: (sentence: string) => void,
): Promise<IdentityFile | null> {
  const path = join(directory, FILE);
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') warn(`${path} cannot be read: ${(error as Error).message}`);
    return null;
  }
  const decoded = decodeJson(bytes, fileSchema, MAX_BYTES);
  if (!decoded.ok) {
    warn(`${path} is not used: ${decoded.error}`);
    return null;
  }
  if (decoded.value.mesh !== mesh) {
    warn(`${path} is not used: it is of the mesh ${decoded.value.mesh}`);
    return null;
  }
  const identities = decoded.value.identities.filter((held) => {
    const problem = keyProblem(held);
    if (problem !== null) warn(`the identity ${held.spiffeId} of ${path} is not used: ${problem}`);
    return problem === null;
  });
  return { ...decoded.value, identities };
}

/** null: the private key is that of the certificate. */
function keyProblem({ chain, key }: HeldIdentity): string | null {
  try {
    if (new X509Certificate(chain).checkPrivateKey(createPrivateKey(key))) return null;
    return 'its private key does not belong to its certificate';
  } catch {
    return 'its certificate or its private key is damaged';
  }
}

/** Rejects when the disk does not take it; the old file is whole then. */
export async function saveIdentities(directory: string, content: IdentityFile): Promise<void> {
  const path = join(directory, FILE);
  const file = await open(`${path}.new`, 'w', FILE_MODE);
  try {
    await file.chmod(FILE_MODE);
    await file.writeFile(JSON.stringify(content));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
}
