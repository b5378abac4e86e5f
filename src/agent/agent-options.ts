/** What one run of the agent is asked to do. */
import type { AgentConfig } from '../config/agent-config.ts';

export interface AgentOptions {
  readonly config: AgentConfig;
  /** Files and directories of resources; null = views come from control. */
  readonly standalone: readonly string[] | null;
  readonly version: string;
  /** `NOTIFY_SOCKET`, when systemd waits for the agent. */
  readonly notifySocket: string | undefined;
}
