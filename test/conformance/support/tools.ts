/** The programs of others that judge us, as `scripts/setup.sh` has put them here. */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

const TOOLS = join(import.meta.dirname, '..', '..', '..', '.tools', 'bin');

export type Tool = 'h2spec' | 'grpc-interop-client' | 'grpc-interop-server';

/** Path of a tool that set-up builds with Go. @throws Error saying what to do when it is not there. */
export function toolPath(name: Tool): string {
  const path = join(TOOLS, name);
  try {
    accessSync(path, constants.X_OK);
    return path;
  } catch {
    throw new Error(`${name} is not in .tools/bin: install Go (1.21 or later) and run: bash scripts/setup.sh test`);
  }
}
