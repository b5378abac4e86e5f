import { X509Certificate } from 'node:crypto';
import type { Bus, BusMessage } from '../../contract/bus-types.ts';
import { FROM_CONTROL } from '../../contract/messages.ts';
import { type MicroEndpoint, type Served, serveMicro } from '../../contract/micro.ts';
import type { Subjects } from '../../contract/subjects.ts';
import { UserError } from '../../core/errors.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { answerRequest, hostOf } from '../answer-request.ts';
import { AuditTrail } from '../record-audit.ts';
import { Authority } from './authority.ts';
import { answerRotate, answerShow, answerSign, answerTrust, type CertificateDesk } from './certificate-commands.ts';
import { RequestLimit } from './request-limit.ts';
import type { CertificateSettings } from './settings.ts';
import { TrustStore } from './trust-store.ts';

export const CA_SERVICE = 'towpath-ca';
const TICK_MS = 1_000;
/** A service that is replaced hears requests for so long after the next one has begun. */
const OVERLAP_MS = 500;

export interface ServiceFacts {
  readonly id: string;
  readonly version: string;
  readonly mesh: string;
  /** This replica holds the lock now. */
  readonly leads: () => boolean;
}

/**
 * The certificate authority as a micro service of every control, whether it leads or stands by: all say what is trusted, and those
 * that have the key sign. So a mesh whose leader changed to a replica without the key goes on getting certificates.
 */
export class CertificateService {
  readonly #desk: CertificateDesk;
  readonly #facts: ServiceFacts;
  #served: Served | null = null;
  #leaving: { stop(): void } | null = null;
  #signs = false;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;
  #said = '';

  constructor(settings: CertificateSettings, facts: ServiceFacts, bus: Bus, subjects: Subjects, logger: Logger) {
    const store = new TrustStore(bus, subjects);
    const audit = new AuditTrail(bus, subjects, logger);
    const announce = (): void => void bus.publish(subjects.agents('trust'), '', FROM_CONTROL);
    const links = { store, audit, logger, leads: facts.leads, announce, nowMs: Date.now };
    const authority = new Authority(settings, links);
    const counts = { issued: 0, refused: 0 };
    this.#desk = { bus, subjects, authority, store, audit, logger, counts, limit: new RequestLimit() };
    this.#facts = facts;
  }

  /** Throws UserError when keys and files cannot be used here. */
  async open(): Promise<void> {
    await this.#desk.authority.open();
    this.#serve(false);
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#leaving?.stop();
    this.#served?.stop();
  }

  /** For the metrics. */
  facts(): CertificateFactsNow {
    const { authority, counts } = this.#desk;
    const record = authority.known;
    const roots = (record?.roots ?? []).map(({ fingerprint, certificate }) => ({
      fingerprint,
      notAfterMs: Date.parse(new X509Certificate(certificate).validTo),
      active: fingerprint === record?.issuer,
    }));
    return { ...counts, roots, signs: authority.issuer !== null, rotation: record?.rotation?.phase ?? null };
  }

  #schedule(): void {
    this.#timer = setTimeout(() => {
      void this.#round().finally(() => {
        if (!this.#stopped) this.#schedule();
      });
    }, TICK_MS);
    this.#timer.unref();
  }

  async #round(): Promise<void> {
    const { bus, authority, logger } = this.#desk;
    if (!bus.connected) return;
    try {
      await authority.tick();
      this.#said = '';
      const signs = authority.issuer !== null;
      if (signs !== this.#signs && !this.#stopped) this.#serve(signs);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      // A store that is not there (yet) is no news; a file that cannot be used is, once.
      if (cause instanceof UserError && reason !== this.#said)
        logger.error({ reason }, 'certificates cannot be signed');
      else logger.debug({ reason }, 'could not look after the certificate authority');
      this.#said = reason;
    }
  }

  /** Only a replica that has the key hears requests to sign: the others leave them to it. */
  #serve(signs: boolean): void {
    const before = this.#served;
    this.#signs = signs;
    const { bus } = this.#desk;
    const { id, version, mesh } = this.#facts;
    this.#served = serveMicro(bus, {
      name: CA_SERVICE,
      id,
      version,
      description: `Certificate authority of the mesh ${mesh}`,
      metadata: { mesh, signs: String(signs) },
      scatterDelayMs: 0,
      endpoints: this.#endpoints(signs),
    });
    // Not yet: no request finds nobody, and what is on its way to the one before is answered.
    if (before === null) return;
    const timer = setTimeout(() => before.leave(), OVERLAP_MS);
    timer.unref();
    this.#leaving = {
      stop: () => {
        clearTimeout(timer);
        before.stop();
      },
    };
  }

  #endpoints(signs: boolean): MicroEndpoint[] {
    const desk = this.#desk;
    const { subjects } = desk;
    const declare = (
      verb: string,
      subject: string,
      summary: string,
      handle: (request: BusMessage) => Promise<unknown>,
    ): MicroEndpoint => ({
      name: `cert-${verb}`,
      subject,
      queueGroup: CA_SERVICE,
      metadata: { summary },
      handle: (request) => answerRequest(handle, request),
    });
    const forAgents = (verb: string) => subjects.fromAgent('cert', verb, '*');
    const always = [
      declare('trust', forAgents('trust'), 'body: what the host has in force; answers what to trust', (r) =>
        answerTrust(desk, r, hostOf(r)),
      ),
      declare('show', subjects.control('cert', 'show'), 'body: {"host"}, optional', (r) => answerShow(desk, r)),
    ];
    if (!signs) return always;
    return [
      ...always,
      declare('sign', forAgents('sign'), 'body: {"namespace","account","request"}, a PKCS #10 request in PEM', (r) =>
        answerSign(desk, r, hostOf(r)),
      ),
      declare('rotate', subjects.control('cert', 'rotate'), 'body: {"finish"}, optional', (r) => answerRotate(desk, r)),
    ];
  }
}

export interface CertificateFactsNow {
  readonly issued: number;
  readonly refused: number;
  readonly signs: boolean;
  readonly roots: readonly { readonly fingerprint: string; readonly notAfterMs: number; readonly active: boolean }[];
  readonly rotation: 'spread' | 'reissue' | null;
}
