/** What can be found wrong with a plan before anything is touched. */
import { access } from 'node:fs/promises';
import { parseAgentConfig } from '../config/parse-agent-config.ts';
import { type Problem, UserError } from '../core/errors.ts';
import type { LabPlan } from './lab-plan.ts';

/** @throws UserError with every problem: agent settings that the agent would refuse, resource files that cannot be read. */
export async function checkPlan(plan: LabPlan): Promise<void> {
  const problems = [...agentProblems(plan)];
  for (const file of plan.resources) {
    await access(file).catch((error: Error) => {
      problems.push({ code: 'TWP1201', path: 'resources', message: `cannot be read: ${error.message}` });
    });
  }
  if (problems.length > 0) throw new UserError(problems);
}

function agentProblems(plan: LabPlan): Problem[] {
  return plan.hosts.flatMap((host) => {
    const text = host.programs.find((program) => program.stage === 'agent')?.files['agent.yaml'];
    if (text === undefined) return [];
    const config = parseAgentConfig({ name: `hosts.${host.name}.agent.config`, text }, {}, host.name);
    return config.ok ? [] : config.error;
  });
}
