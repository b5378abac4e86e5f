import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** One step of `npm test`: either a command that must succeed, or test files that each run in a process of their own. */
export type Phase =
  | { readonly type: 'command'; readonly name: string; readonly command: readonly string[] }
  | {
      readonly type: 'files';
      readonly name: string;
      /** A test file, or a folder whose `*.test.ts` are run. */
      readonly path: string;
      readonly parallel: boolean;
      /** Phases of different lanes that follow each other run at the same time. null: it runs alone. */
      readonly lane: string | null;
      readonly needsRoot: boolean;
      /** A file that runs longer is killed and counts as failed. */
      readonly timeoutSeconds: number;
    };

/** In the order they run: what is quick and most often wrong comes first. */
export const PHASES: readonly Phase[] = [
  { type: 'command', name: 'types', command: ['node_modules/.bin/tsc', '--noEmit', '--pretty', 'false'] },
  {
    type: 'command',
    name: 'style',
    command: ['node_modules/.bin/biome', 'check', '--error-on-warnings', '--colors=off'],
  },
  { type: 'command', name: 'shell', command: ['shellcheck', '--severity=warning', ...listShellScripts()] },
  files('build', 'test/build.test.ts', { parallel: false, lane: 'a', needsRoot: false, timeoutSeconds: 120 }),
  files('architecture', 'test/architecture.test.ts', {
    parallel: false,
    lane: 'b',
    needsRoot: false,
    timeoutSeconds: 60,
  }),
  files('unit', 'test/unit', { parallel: true, needsRoot: false, timeoutSeconds: 60 }),
  files('wire', 'test/wire', { parallel: true, needsRoot: false, timeoutSeconds: 60 }),
  files('fuzz', 'test/fuzz', { parallel: true, needsRoot: false, timeoutSeconds: 180 }),
  files('nats', 'test/nats', { parallel: true, lane: 'a', needsRoot: false, timeoutSeconds: 180 }),
  files('intercept', 'test/intercept', { parallel: false, lane: 'b', needsRoot: true, timeoutSeconds: 300 }),
  files('network', 'test/network', { parallel: false, needsRoot: true, timeoutSeconds: 300 }),
  files('conformance', 'test/conformance', { parallel: false, needsRoot: true, timeoutSeconds: 180 }),
];

function files(
  name: string,
  path: string,
  how: {
    readonly parallel: boolean;
    readonly lane?: string;
    readonly needsRoot: boolean;
    readonly timeoutSeconds: number;
  },
): Phase {
  return { type: 'files', name, path, lane: null, ...how };
}

/** Lists of phases that run one after the other; those of one group run at the same time, the groups one after the other. */
export type Group = readonly (readonly Phase[])[];

/** With one job nothing runs beside anything. */
export function groupPhases(phases: readonly Phase[], jobs: number): Group[] {
  const groups: Map<string, Phase[]>[] = [];
  let open = false;
  for (const phase of phases) {
    const lane = phase.type === 'files' && jobs > 1 ? phase.lane : null;
    if (lane === null || !open) groups.push(new Map());
    const group = groups.at(-1);
    group?.set(lane ?? '', [...(group.get(lane ?? '') ?? []), phase]);
    open = lane !== null;
  }
  return groups.map((group) => [...group.values()]);
}

function listShellScripts(): string[] {
  const folders = ['scripts', 'vagrant'];
  const found = folders.flatMap((folder) => walk(folder, '.sh'));
  return ['bin/towpath', '.ci/run', ...found.sort()];
}

/** The test files of a phase, sorted, that contain one of `filters` in their path (all of them when there is no filter). */
export function listFiles(path: string, filters: readonly string[]): string[] {
  const found = path.endsWith('.test.ts') ? [path] : walk(path, '.test.ts');
  return found.filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter))).sort();
}

function walk(folder: string, ending: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return walk(path, ending);
    return entry.name.endsWith(ending) ? [path] : [];
  });
}
