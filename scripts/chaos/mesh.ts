/** The running mesh of a lab, as an operator sees it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { statusReplySchema } from '../../src/contract/messages.ts';
import { z } from '../../src/core/schema.ts';
import type { Outcome } from '../../test/network/support/host-process.ts';
import type { TestLab } from '../../test/network/support/lab.ts';
import { ENDPOINTS, endpointHosts, route } from './topologies.ts';

const RECOVER_MS = 60_000;
/** Hosts whose agents run between scenarios. */
const STEADY_HOSTS = ['caller', ...endpointHosts(ENDPOINTS)];
const serviceSchema = z.object({ spec: z.object({ clusterIPs: z.array(z.string()).min(1) }) });

export class Mesh {
  readonly lab: TestLab;
  /** NATS servers as seen from `operatorHost`, separated by commas. */
  readonly servers: string;
  readonly operatorHost: string;

  constructor(lab: TestLab, servers: string, operatorHost: string) {
    this.lab = lab;
    this.servers = servers;
    this.operatorHost = operatorHost;
  }

  /** Runs `towpath ...` on the operator's host. */
  async towpath(words: readonly string[], input = ''): Promise<Outcome> {
    const env = ['env', `TOWPATH_NATS_SERVERS=${this.servers}`, 'TOWPATH_NATS_ALLOW_OPEN=true'];
    return this.lab.exec(this.operatorHost, [...env, 'towpath', ...words], input);
  }

  /** @throws Error with what it said when it failed. */
  async must(words: readonly string[], input = ''): Promise<string> {
    const { exitCode, stdout, stderr } = await this.towpath(words, input);
    if (exitCode === 0) return stdout;
    throw new Error(`towpath ${words.join(' ')}: ${stderr.trim()} ${stdout.trim()}`);
  }

  /** In force on every agent when it returns. */
  async apply(yaml: string): Promise<void> {
    await this.must(['apply', '-f', '-', '--wait'], yaml);
  }

  async virtualIpOf(service: string): Promise<string> {
    const text = await this.must(['get', 'service', service, '-n', 'shop', '-o', 'json']);
    return serviceSchema.parse(JSON.parse(text)).spec.clusterIPs[0] ?? '';
  }

  /** Waits until control answers and every agent runs the newest generation. @throws Error after a minute */
  async inStep(): Promise<void> {
    await this.lab.waitFor('every agent to be in step', RECOVER_MS, async () => {
      const { exitCode, stdout } = await this.towpath(['status', '-o', 'json']);
      if (exitCode !== 0) return sleep(200, false);
      const { agents } = statusReplySchema.parse(JSON.parse(stdout));
      // Hosts that have left are told of for a while.
      const live = agents.filter(({ state }) => state !== 'GONE');
      const isLive = (host: string): boolean => live.some((agent) => agent.host === host);
      return STEADY_HOSTS.every(isLive) && live.every(({ state }) => state === 'SYNCED');
    });
  }

  /** All requests to one of the first three endpoints, from the moment it returns. */
  async pin(endpoint: number): Promise<void> {
    await this.apply(route([1, 2, 3].map((index) => (index === endpoint ? 1 : 0))));
  }

  async unpin(): Promise<void> {
    await this.must(['delete', 'httproute', 'orders', '-n', 'shop', '--wait']);
  }
}
