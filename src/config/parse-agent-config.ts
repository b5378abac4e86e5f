/** Text and environment in, typed settings or every problem at once out. Pure: reads no file and binds nothing. */
import type { Problem } from '../core/errors.ts';
import { err, ok, type Result } from '../core/result.ts';
import { joinPath, problemsOf } from '../core/schema.ts';
import { parseYamlDocuments } from '../core/yaml.ts';
import type { AgentConfig } from './agent-config.ts';
import { agentSchema } from './agent-schema.ts';
import { type Environment, isObject, overlayEnvironment, type RawObject } from './environment.ts';
import { findClashes } from './find-clashes.ts';

export interface AgentConfigSource {
  /** The file's name as it appears in problems. */
  readonly name: string;
  readonly text: string;
}

/** @param hostName the machine's own name: the default of `host`, cut to its first label. */
export function parseAgentConfig(
  source: AgentConfigSource | null,
  env: Environment,
  hostName: string,
): Result<AgentConfig, Problem[]> {
  const file = source === null ? ok({}) : parseFile(source);
  if (!file.ok) return file;
  const name = source?.name ?? '';
  const { raw, origins } = overlayEnvironment(file.value, env);
  const parsed = agentSchema.safeParse({ ...raw, host: raw['host'] ?? hostLabel(hostName) });
  const problems = parsed.success
    ? findClashes(parsed.data).map((p) => ({ ...p, path: p.path === undefined ? name : joinName(name, p.path) }))
    : problemsOf(parsed.error, name);
  if (!parsed.success || problems.length > 0) return err(problems.map((p) => nameOrigin(p, name, origins)));
  return ok(parsed.data);
}

function parseFile(source: AgentConfigSource): Result<RawObject, Problem[]> {
  const documents = parseYamlDocuments(source.text);
  if (!documents.ok) return err(documents.error.map((p) => ({ ...p, path: joinName(source.name, p.path ?? '') })));
  const [first, ...more] = documents.value;
  if (more.length > 0) return err([wrongFile(source.name, 'holds several YAML documents; the agent file is one')]);
  if (first === undefined) return ok({});
  if (!isObject(first)) return err([wrongFile(source.name, 'must be a map of fields such as "mesh: shop"')]);
  if ('kind' in first && 'apiVersion' in first) {
    return err([
      {
        ...wrongFile(source.name, `is a resource (kind ${String(first['kind'])}), not an agent file`),
        hint: 'give resources after --standalone, and the agent file after --config',
      },
    ]);
  }
  return ok(first);
}

function wrongFile(name: string, message: string): Problem {
  return { code: 'TWP2001', path: name, message };
}

function joinName(name: string, path: string): string {
  if (name === '') return path;
  return path === '' ? name : `${name}: ${path}`;
}

/** A value that came from a variable is reported under the variable's name. */
function nameOrigin(problem: Problem, name: string, origins: ReadonlyMap<string, string>): Problem {
  for (const [field, variable] of origins) {
    const path = joinPath(name, field.split('.'));
    if (problem.path === path || problem.path?.startsWith(`${path}[`)) return { ...problem, path: variable };
  }
  return problem;
}

/** `Web-1.example.org` -> `web-1`. */
function hostLabel(hostName: string): string {
  return (hostName.split('.')[0] ?? '')
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '-')
    .replace(/^-+|-+$/g, '');
}
