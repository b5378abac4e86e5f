/** What control knows of a secured mesh: read once at the start, from the folder that `towpath control init` made. */
import { readFile } from 'node:fs/promises';
import { publicKeyOf } from '../../contract/nats-jwt.ts';
import { UserError } from '../../core/errors.ts';
import { problemsOf, z } from '../../core/schema.ts';
import { parseYamlDocuments } from '../../core/yaml.ts';
import { CONTROL_FILES } from './layout.ts';

const accountKey = z.string().regex(/^A[A-Z2-7]{55}$/);
const meshFileSchema = z.strictObject({
  mesh: z.string().min(1).max(63),
  localServer: z.string().max(256),
  servers: z.array(z.string().max(256)).min(1).max(16),
  agentsAccount: accountKey,
  joinAccount: accountKey,
});

/** Signs credentials of agents and tokens. The seeds are secrets. */
export interface ControlSecurity {
  readonly mesh: string;
  /** For control itself. */
  readonly localServer: string;
  readonly credentialsFile: string;
  readonly caFile: string;
  /** For the hosts that join. */
  readonly servers: readonly string[];
  /** PEM. */
  readonly ca: string;
  readonly agentsAccount: string;
  readonly joinAccount: string;
  readonly agentsSigner: string;
  readonly joinSigner: string;
}

/** @throws UserError when a file of the folder is missing or not what it should be. */
export async function loadSecurity(folder: string): Promise<ControlSecurity> {
  const path = (name: keyof typeof CONTROL_FILES): string => `${folder}/${CONTROL_FILES[name]}`;
  const read = (name: keyof typeof CONTROL_FILES): Promise<string> =>
    readFile(path(name), 'utf8').catch((error: Error) => {
      throw wrong(path(name), `cannot be read: ${error.message}`);
    });
  const seed = async (name: 'agentsSigner' | 'joinSigner'): Promise<string> => {
    const text = (await read(name)).trim();
    try {
      if (publicKeyOf(text).startsWith('A')) return text;
    } catch {
      // Said below; the text itself is a secret.
    }
    throw wrong(path(name), 'holds no signing key of an account');
  };
  const mesh = parseMeshFile(path('mesh'), await read('mesh'));
  return {
    ...mesh,
    credentialsFile: path('credentials'),
    caFile: path('ca'),
    ca: await read('ca'),
    agentsSigner: await seed('agentsSigner'),
    joinSigner: await seed('joinSigner'),
  };
}

function parseMeshFile(path: string, text: string): z.output<typeof meshFileSchema> {
  const documents = parseYamlDocuments(text);
  if (!documents.ok || documents.value.length !== 1) throw wrong(path, 'is not one YAML document');
  const parsed = meshFileSchema.safeParse(documents.value[0]);
  if (parsed.success) return parsed.data;
  throw new UserError(problemsOf(parsed.error, path));
}

function wrong(path: string, message: string): UserError {
  return new UserError({ code: 'TWP2903', path, message, hint: 'towpath control init makes this folder' });
}
