import type { Bus } from '../contract/bus-types.ts';
import type { Subjects } from '../contract/subjects.ts';
import type { AgentTable } from './agent-table.ts';
import type { ConfigSync } from './config-sync.ts';
import type { EndpointRegistry } from './endpoint-registry.ts';
import type { LogExport } from './logs/log-export.ts';
import type { MeshMetrics } from './mesh-metrics/mesh-metrics.ts';
import type { MeshState } from './mesh-state.ts';
import type { Publisher } from './publisher.ts';
import type { QuotaService } from './quota/quota-service.ts';
import type { AuditTrail } from './record-audit.ts';
import type { SerialQueue } from './serial-queue.ts';
import type { ControlSettings } from './settings.ts';
import type { StatusWriter } from './status-writer.ts';

/** What a control that leads is made of. */
export interface ControlParts {
  readonly settings: ControlSettings;
  readonly bus: Bus;
  readonly subjects: Subjects;
  readonly queue: SerialQueue;
  readonly state: MeshState;
  readonly config: ConfigSync;
  readonly registry: EndpointRegistry;
  readonly agents: AgentTable;
  readonly publisher: Publisher;
  readonly status: StatusWriter;
  readonly audit: AuditTrail;
  /** Of the whole process: it answers also while another control leads. */
  readonly quotas: Pick<QuotaService, 'now' | 'stats'>;
  readonly metrics: MeshMetrics;
  /** null: access logs are handed on to nobody. */
  readonly logs: LogExport | null;
}
