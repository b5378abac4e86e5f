import { randomUUID } from 'node:crypto';
import type { Bus, BusState } from '../contract/bus-types.ts';
import type { ControlPing } from '../contract/messages.ts';
import { openBus } from '../contract/open-bus.ts';
import { type Subjects, subjectsOf } from '../contract/subjects.ts';
import { hidePassword } from '../core/hide-password.ts';
import type { Logger } from '../telemetry/logger.ts';
import { CertificateService } from './ca/certificate-service.ts';
import { LeaderLock } from './leader-lock.ts';
import { Leading } from './leading.ts';
import { MeshMetrics } from './mesh-metrics/mesh-metrics.ts';
import { openStore } from './open-store.ts';
import { QuotaService } from './quota/quota-service.ts';
import { renderMetrics } from './render-metrics.ts';
import { serveHttp } from './serve-http.ts';
import type { ControlSettings } from './settings.ts';

const RETRY_MS = 500;

export interface RunningControl {
  /** The port of metrics and health: the one asked for, or the one that the system chose for port 0. */
  readonly httpPort: number;
  stop(): Promise<void>;
}

/**
 * Runs the control service until stopped: waits for NATS, for the lock, then leads. Throws UserError when its port is
 * taken or the certificate authority's files cannot be used; an absent NATS is waited for.
 */
export async function runControl(settings: ControlSettings, logger: Logger): Promise<RunningControl> {
  const subjects = subjectsOf(settings.mesh);
  const { servers, credentialsFile, caFile, allowOpen, id, version } = settings;
  const bus = openBus(
    {
      servers,
      name: `control/${id}/${version}`,
      inboxId: `control-${id}`,
      credentialsFile,
      caFile,
      allowOpen,
      reads: 'leader',
    },
    (reason) => logger.warn({ servers: servers.map(hidePassword), reason }, 'NATS cannot be used; trying again'),
  );
  const control = new Control(settings, bus, subjects, logger);
  try {
    const http = await serveHttp(settings.http, {
      metrics: (format) =>
        renderMetrics(bus.connected, control.leading?.parts ?? null, control.certificates?.facts() ?? null, format),
      notReady: () => control.notReady(),
    });
    await control.certificates?.open();
    const work = control.run();
    return {
      httpPort: http.port,
      stop: async () => {
        await control.stop();
        await work;
        await http.stop();
        await bus.close();
      },
    };
  } catch (cause) {
    await bus.close();
    throw cause;
  }
}

class Control {
  readonly #settings: ControlSettings;
  readonly #bus: Bus;
  readonly #subjects: Subjects;
  readonly #logger: Logger;
  readonly #boot = randomUUID();
  #hasLed = false;
  #lock: LeaderLock | null = null;
  #stopped = false;
  #standingBy = false;
  #endTerm: () => void = () => {};
  leading: Leading | null = null;
  readonly certificates: CertificateService | null;
  readonly #quotas: QuotaService;
  readonly #metrics: MeshMetrics;

  constructor(settings: ControlSettings, bus: Bus, subjects: Subjects, logger: Logger) {
    this.#settings = settings;
    this.#bus = bus;
    this.#metrics = new MeshMetrics(bus, subjects);
    this.#subjects = subjects;
    this.#logger = logger;
    const { certificates, id, version, mesh } = settings;
    const facts = { id, version, mesh, leads: () => this.leading !== null };
    this.certificates = certificates && new CertificateService(certificates, facts, bus, subjects, logger);
    this.#quotas = new QuotaService(bus, subjects, logger);
    this.#metrics.start();
    bus.onState((state) => this.#onState(state));
    bus.subscribe(subjects.controls('ping'), (message) => message.respond(JSON.stringify(this.#describe())));
  }

  #describe(): ControlPing {
    const { id, version } = this.#settings;
    return { id, version, state: this.leading !== null ? 'leads' : this.#standingBy ? 'stands by' : 'starts' };
  }

  notReady(): string | null {
    if (!this.#bus.connected) return 'no connection to NATS';
    return this.leading !== null || this.#standingBy ? null : 'starting';
  }

  async run(): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.#term();
      } catch (cause) {
        this.#logger.warn({ reason: String(cause) }, 'could not start; trying again');
      }
      if (!this.#stopped) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.certificates?.stop();
    this.#quotas.stop();
    this.#metrics.stop();
    this.#endTerm();
    await this.#lock?.release();
  }

  /** From waiting for the lock to losing it. */
  async #term(): Promise<void> {
    if (!this.#bus.connected) return;
    await openStore(this.#bus, this.#subjects, this.#settings);
    this.#quotas.start();
    const lock = new LeaderLock(this.#bus, this.#subjects, { id: this.#settings.id, boot: this.#boot }, this.#logger);
    this.#lock = lock;
    this.#standingBy = true;
    const held = await lock.acquire(!this.#hasLed);
    this.#standingBy = false;
    if (!held || this.#stopped) return;
    this.#hasLed = true;
    const isHeld = (): Promise<boolean> => lock.isHeld();
    const shared = { quotas: this.#quotas, metrics: this.#metrics };
    const leading = new Leading(this.#settings, this.#bus, this.#subjects, isHeld, shared, this.#logger);
    try {
      const ended = new Promise<void>((resolve) => {
        this.#endTerm = resolve;
        void lock.keep(() => {
          this.#logger.error('the lock is lost: standing by');
          resolve();
        });
      });
      await leading.start();
      this.leading = leading;
      this.#logger.info({ mesh: this.#settings.mesh, ...leading.parts.publisher.generation }, 'control leads');
      await ended;
    } finally {
      this.leading = null;
      leading.stop();
      if (!this.#stopped) await lock.release();
    }
  }

  #onState(state: BusState): void {
    this.#logger.info({ server: this.#bus.server }, `NATS ${state}`);
    if (this.#bus.connected && this.#bus.protection === 'open')
      this.#logger.warn('this mesh is OPEN: whoever reaches NATS can change where its traffic goes (docs/join.md)');
    this.leading?.onState(state);
  }
}
