/** What must be true of the host before anything is started, each with its one sentence. */
import { isBuiltin } from 'node:module';
import { type Problem, UserError } from '../../core/errors.ts';

export interface Platform {
  readonly os: string;
  readonly nodeVersion: string;
  readonly hasFfi: boolean;
  readonly isRoot: boolean;
}

export function readPlatform(): Platform {
  return {
    os: process.platform,
    nodeVersion: process.version,
    hasFfi: isBuiltin('node:ffi'),
    isRoot: process.geteuid?.() === 0,
  };
}

/** @throws UserError with everything that is missing. */
export function checkPlatform(platform: Platform, intercepts: boolean): void {
  const problems: Problem[] = [];
  if (platform.os !== 'linux') {
    problems.push({ code: 'TWP2201', message: `the agent needs Linux; this is ${platform.os}` });
  }
  if (!platform.hasFfi) {
    problems.push({
      code: 'TWP2202',
      message: `this Node (${platform.nodeVersion}) has no node:ffi, by which the agent makes its system calls`,
      hint: 'start it with bin/towpath, which uses the Node that Towpath is pinned to',
    });
  }
  if (intercepts && !platform.isRoot) {
    problems.push({
      code: 'TWP2203',
      message: 'the agent must be root to install its interception rules',
      hint: 'run it with sudo, or give --no-intercept to start it without rules',
    });
  }
  if (problems.length > 0) throw new UserError(problems);
}

/**
 * Switches the whole process to the group that the rules leave alone, so that the agent's own connections are not
 * captured again; the user stays root. Must come before any thread or socket is made. Does nothing when not root.
 * The real group too, not the effective one alone: a program that is started with two different groups runs in the
 * loader's secure mode, which ignores the preloading by which `stdbuf` works (ld.so(8)).
 */
export function switchGroup(gid: number): void {
  if (process.geteuid?.() === 0) process.setgid?.(gid);
}
