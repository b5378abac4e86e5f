/** The table of commands. Each is loaded when it is used: `towpath get` does not wait for the agent's code. */
import type { Command } from './command.ts';

export const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  agent: async () => (await import('./agent.ts')).agentCommand,
  control: async () => (await import('./control.ts')).controlCommand,
  'join-token': async () => (await import('./join-token.ts')).joinTokenCommand,
  host: async () => (await import('./host.ts')).hostCommand,
  apply: async () => (await import('./apply.ts')).applyCommand,
  diff: async () => (await import('./diff.ts')).diffCommand,
  describe: async () => (await import('./describe.ts')).describeCommand,
  explain: async () => (await import('./explain.ts')).explainCommand,
  why: async () => (await import('./why.ts')).whyCommand,
  analyze: async () => (await import('./analyze.ts')).analyzeCommand,
  history: async () => (await import('./history.ts')).historyCommand,
  rollback: async () => (await import('./rollback.ts')).rollbackCommand,
  confirm: async () => (await import('./confirm.ts')).confirmCommand,
  quota: async () => (await import('./quota.ts')).quotaCommand,
  tap: async () => (await import('./tap.ts')).tapCommand,
  top: async () => (await import('./top.ts')).topCommand,
  graph: async () => (await import('./graph.ts')).graphCommand,
  audit: async () => (await import('./audit.ts')).auditCommand,
  cert: async () => (await import('./cert.ts')).certCommand,
  get: async () => (await import('./get.ts')).getCommand,
  delete: async () => (await import('./delete.ts')).deleteCommand,
  status: async () => (await import('./status.ts')).statusCommand,
  backup: async () => (await import('./backup.ts')).backupCommand,
  restore: async () => (await import('./restore.ts')).restoreCommand,
  intercept: async () => (await import('./intercept.ts')).interceptCommand,
  lab: async () => (await import('./lab.ts')).labCommand,
  completion: async () => (await import('./completion.ts')).makeCompletionCommand(loadAllCommands),
  version: async () => (await import('./version.ts')).versionCommand,
};

/** All of them, in the order of the table: for the help and for completion. */
export function loadAllCommands(): Promise<Command[]> {
  return Promise.all(Object.values(COMMANDS).map((load) => load()));
}
