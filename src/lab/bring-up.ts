/** `lab up`: from a topology to running hosts. Every step is written down before it is taken. */
import { UserError } from '../core/errors.ts';
import { applyResources, publishServiceNames } from './apply-resources.ts';
import { checkPlan } from './check-plan.ts';
import { claimLabFolder, type LabState, labFolder, readLabState, writeLabState } from './lab-files.ts';
import { type HostPlan, type LabPlan, type ProgramPlan, STAGES, type TowpathCommand } from './lab-plan.ts';
import { makeNamespaces } from './namespaces.ts';
import { planLab } from './plan.ts';
import { identifyProcess, isAlive } from './process-table.ts';
import { joinHosts, makeSecuredMesh } from './secure-lab.ts';
import { startProgram, waitUntilReady } from './start-program.ts';
import { takeDownLab } from './take-down.ts';
import type { Topology } from './topology.ts';

export interface BringUpOptions {
  readonly towpath: TowpathCommand;
  /** Told about each step, in plain words, without a newline. */
  readonly progress: (text: string) => void;
  /** Aborted by Ctrl-C: the lab is taken down again at the next step. */
  readonly signal: AbortSignal;
}

/**
 * Brings up a lab called `name`. If any step fails, everything is taken down again.
 * @throws UserError when it is up already, was left half-way, a program does not become ready, or resources are refused.
 */
export async function bringUpLab(topology: Topology, name: string, options: BringUpOptions): Promise<LabState> {
  const plan = planLab(topology, name, labFolder(name), options.towpath);
  await checkPlan(plan);
  if (!(await claimLabFolder(name))) throw alreadyThere(name, await readLabState(name));
  try {
    const lab = new RisingLab(plan);
    await lab.save();
    options.progress(`${plan.hosts.length} hosts: ${plan.hosts.map((host) => host.name).join(', ')}`);
    await makeNamespaces(plan);
    if (plan.securedFolder !== null) await makeSecuredMesh(plan, plan.securedFolder);
    for (const stage of STAGES) {
      options.signal.throwIfAborted();
      if (stage === 'agent' && plan.securedFolder !== null) await joinHosts(plan, options.towpath);
      await lab.startStage(stage, options);
    }
    options.signal.throwIfAborted();
    if (plan.resources.length > 0) {
      options.progress(`resources: ${plan.resources.join(', ')}`);
      await applyResources(plan, options.towpath, plan.resources);
    }
    const services = plan.control === null ? [] : await publishServiceNames(plan, options.towpath);
    return await lab.finish(services);
  } catch (error) {
    await takeDownLab(name);
    throw options.signal.aborted
      ? new UserError({ code: 'TWP1206', message: 'interrupted; the lab is down again' }, 130)
      : error;
  }
}

function alreadyThere(name: string, state: LabState | null): UserError {
  const down = `towpath lab down --name ${name}`;
  if (state?.phase === 'up') {
    return new UserError({
      code: 'TWP1207',
      message: `the lab "${name}" is already up`,
      hint: `take it down with: ${down}`,
    });
  }
  if (state?.phase === 'starting' && isAlive(state.owner)) {
    const message = `the lab "${name}" is being brought up by process ${state.owner.pid}`;
    return new UserError({ code: 'TWP1207', message, hint: `wait for it, or stop it with: ${down}` });
  }
  return new UserError({
    code: 'TWP1207',
    message: `the lab "${name}" was left half-way`,
    hint: `clean up with: ${down}`,
  });
}

/** The lab while it comes up: its state file always names at least what exists. */
class RisingLab {
  readonly #plan: LabPlan;
  #state: LabState;

  constructor(plan: LabPlan) {
    this.#plan = plan;
    const owner = identifyProcess(process.pid) ?? { pid: process.pid, startTime: '' };
    this.#state = { phase: 'starting', owner, plan, running: [], services: [] };
  }

  async save(): Promise<void> {
    await writeLabState(this.#plan.name, this.#state);
  }

  /** Starts all programs of the stage, then waits for each. */
  async startStage(stage: ProgramPlan['stage'], { progress, signal }: BringUpOptions): Promise<void> {
    const members = this.#plan.hosts.flatMap((host): [HostPlan, ProgramPlan][] =>
      host.programs.filter((program) => program.stage === stage).map((program) => [host, program]),
    );
    for (const [host, program] of members) {
      const process = await startProgram(host, program);
      const running = [...this.#state.running, { host: host.name, program: program.name, process }];
      this.#state = { ...this.#state, running };
      await this.save();
    }
    await Promise.all(
      members.map(async ([host, program], i) => {
        const offset = this.#state.running.length - members.length;
        const entry = this.#state.running[offset + i];
        if (entry !== undefined) await waitUntilReady(host, program, entry.process, signal);
        progress(`${host.name}: ${program.name} is ready`);
      }),
    );
  }

  async finish(services: LabState['services']): Promise<LabState> {
    this.#state = { ...this.#state, phase: 'up', services };
    await this.save();
    return this.#state;
  }
}
