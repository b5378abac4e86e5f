/** How the commands of this host reach the mesh when nothing else says it: the file that `towpath control init` writes. */
import { readFileSync } from 'node:fs';
import { UserError } from '../core/errors.ts';
import { problemsOf, z } from '../core/schema.ts';
import { parseYamlDocuments } from '../core/yaml.ts';
import type { CommandIo } from './command.ts';

const DEFAULT_FILE = '/etc/towpath/client.yaml';

const clientSchema = z.strictObject({
  mesh: z.string().min(1).max(63),
  servers: z.array(z.string().min(1).max(256)).min(1).max(16),
  credentialsFile: z.string().max(4096).nullable().default(null),
  caFile: z.string().max(4096).nullable().default(null),
});
export type ClientSettings = z.output<typeof clientSchema>;

/** null: there is no such file, so the mesh is an open one on this host. @throws UserError when it is not what it should be. */
export function readClientFile(io: Pick<CommandIo, 'env'>): ClientSettings | null {
  const named = io.env['TOWPATH_CLIENT_FILE'];
  const path = named ?? DEFAULT_FILE;
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (named === undefined) return null;
    throw new UserError({ code: 'TWP2908', message: `the client file cannot be read: ${(error as Error).message}` });
  }
  const documents = parseYamlDocuments(text);
  if (!documents.ok) throw new UserError(documents.error.map((p) => ({ ...p, path: `${path}: ${p.path ?? ''}` })));
  const parsed = clientSchema.safeParse(documents.value[0]);
  if (parsed.success) return parsed.data;
  throw new UserError(problemsOf(parsed.error, path));
}
