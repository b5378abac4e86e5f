/** `lab exec`: runs a command inside a lab host with the caller's terminal, and answers with its exit status. */
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { UserError } from '../core/errors.ts';
import { commandInHost } from './host-command.ts';
import { findHost, type HostPlan, type LabPlan } from './lab-plan.ts';
import { clientEnvironment } from './own-programs.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The caller's environment plus what `towpath` and `nats` need inside the lab: mesh, NATS servers, `towpath` on the PATH. */
export function hostEnvironment(plan: LabPlan, host: HostPlan, env: Environment, binFolder: string): Environment {
  const control = plan.control === null ? null : findHost(plan, plan.control);
  if (control === null) return { ...env, PATH: `${binFolder}:${env['PATH'] ?? ''}` };
  const reach = clientEnvironment(plan.mesh, { host, control }, plan.securedFolder);
  const NATS_URL = reach['TOWPATH_NATS_SERVERS']; // what the nats CLI reads
  return { ...env, ...reach, NATS_URL, PATH: `${binFolder}:${env['PATH'] ?? ''}` };
}

/**
 * Standard input, output and error are the caller's own. The status is the command's; 128 + n when signal n ended it. While it
 * runs, signals that the terminal sends go to it and do not end us first.
 */
export async function runInHost(host: HostPlan, command: readonly string[], env: Environment): Promise<number> {
  const [file, ...args] = commandInHost(host, command, null);
  const child = spawn(file, args, { stdio: 'inherit', env });
  const pass = (signal: NodeJS.Signals): void => {
    child.kill(signal);
  };
  const ignore = (): void => undefined;
  process.on('SIGTERM', pass).on('SIGHUP', pass).on('SIGINT', ignore).on('SIGQUIT', ignore);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', (error) => {
        reject(new UserError({ code: 'TWP1211', message: `cannot run a command in ${host.name}: ${error.message}` }));
      });
      child.once('exit', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
    });
  } finally {
    process.off('SIGTERM', pass).off('SIGHUP', pass).off('SIGINT', ignore).off('SIGQUIT', ignore);
  }
}
