/** Opens the admin port (loopback) and the metrics port over the agent's parts. */
import { levelOf, setLevel } from '../../telemetry/logger.ts';
import type { MetricsFormat } from '../../telemetry/render-metrics.ts';
import type { AgentParts } from '../agent-parts.ts';
import {
  hindrances,
  illnesses,
  reportConfig,
  reportDump,
  reportExplain,
  reportStatus,
  reportWhy,
} from '../report-agent.ts';
import { reportMetrics } from '../report-metrics.ts';
import { answerAdmin } from './admin-routes.ts';
import { answerMetrics } from './metrics-routes.ts';
import { closeHttp, serveHttp } from './serve-http.ts';

export interface AdminPorts {
  close(): Promise<void>;
}

/** @throws UserError naming the port and its setting when one is taken; the other is then closed again. */
export async function openAdminPorts(parts: AgentParts, drain: () => void): Promise<AdminPorts> {
  const { logger, options } = parts;
  const { ports, metricsAddress } = options.config;
  const adminSubject = {
    config: () => reportConfig(parts),
    status: () => reportStatus(parts),
    dump: () => reportDump(parts),
    explain: (body: unknown) => reportExplain(parts, body),
    why: (id: string) => reportWhy(parts, id),
    logLevel: () => levelOf(logger),
    setLogLevel: (level: Parameters<typeof setLevel>[1]) => setLevel(logger, level),
    drain,
  };
  const metricsSubject = {
    metrics: (format: MetricsFormat) => reportMetrics(parts, format),
    illnesses: () => illnesses(parts),
    hindrances: () => hindrances(parts),
  };
  const admin = await serveHttp(
    { addresses: ['127.0.0.1'], port: ports.admin, setting: 'ports.admin', variable: 'TOWPATH_ADMIN_PORT' },
    (request) => answerAdmin(adminSubject, request),
    logger,
  );
  const addresses = metricsAddress === '::' ? ['::', '0.0.0.0'] : [metricsAddress];
  const metrics = await serveHttp(
    { addresses, port: ports.metrics, setting: 'ports.metrics', variable: 'TOWPATH_METRICS_PORT' },
    (request) => answerMetrics(metricsSubject, request),
    logger,
  ).catch(async (error: unknown) => {
    await closeHttp(admin);
    throw error;
  });
  return {
    close: async () => {
      await Promise.all([closeHttp(admin), closeHttp(metrics)]);
    },
  };
}
