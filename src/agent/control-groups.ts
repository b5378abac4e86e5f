import type { Bus } from '../contract/bus-types.ts';
import { decodeJson, MAX_VIEW_BYTES } from '../contract/decode.ts';
import { type GroupReply, groupReplySchema, MAX_ASKED_GROUPS } from '../contract/group-messages.ts';
import { ERROR_CODE_HEADER, ERROR_TEXT_HEADER } from '../contract/micro.ts';
import type { Subjects } from '../contract/subjects.ts';
import type { Logger } from '../telemetry/logger.ts';
import { type GroupProbeTable, probeOfGroup } from './probes/group-probe.ts';

const ANSWER_MS = 2_000;
const RETRY_MS = 5_000;

/**
 * The probes of the WorkloadGroups that this host's workloads are in, asked of control. What was answered last stays in force while
 * control is away; when it was never there, the workloads have no probe: a missing control takes nobody out of service.
 */
export class GroupProbes {
  readonly #bus: Bus;
  readonly #subjects: Subjects;
  readonly #host: string;
  readonly #logger: Logger;
  #groups: readonly string[] = [];
  #tell: (probes: GroupProbeTable) => void = () => {};
  #answered = false;
  #asking = false;
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(bus: Bus, subjects: Subjects, host: string, logger: Logger) {
    this.#bus = bus;
    this.#subjects = subjects;
    this.#host = host;
    this.#logger = logger;
  }

  /** @param groups `<namespace>/<name>`. */
  follow(groups: readonly string[], tell: (probes: GroupProbeTable) => void): void {
    this.#groups = groups;
    this.#tell = tell;
    this.askIn(0);
  }

  /** Asks after this time, once, however often it is called meanwhile. @param ms delay */
  askIn(ms: number): void {
    if (this.#groups.length === 0 || this.#stopped) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      void this.#ask();
    }, ms).unref();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async #ask(): Promise<void> {
    // After a reconnect it is asked anyway.
    if (this.#stopped || !this.#bus.connected) return;
    if (this.#asking) return this.askIn(ANSWER_MS);
    this.#asking = true;
    try {
      const probes = new Map(
        this.#groups.map((key) => [key, null] as [string, ReturnType<typeof probeOfGroup> | null]),
      );
      for (let i = 0; i < this.#groups.length; i += MAX_ASKED_GROUPS) {
        for (const { namespace, name, probe } of await this.#fetch(this.#groups.slice(i, i + MAX_ASKED_GROUPS)))
          probes.set(`${namespace}/${name}`, probe === null ? null : probeOfGroup(probe));
      }
      this.#answered = true;
      if (!this.#stopped) this.#tell(probes);
    } catch (cause) {
      this.#logger.debug({ reason: String(cause) }, 'control does not say which probes the groups have');
      if (!this.#answered && !this.#stopped) this.#tell(new Map(this.#groups.map((key) => [key, null])));
      this.askIn(RETRY_MS);
    } finally {
      this.#asking = false;
    }
  }

  async #fetch(keys: readonly string[]): Promise<GroupReply['groups']> {
    const groups = keys.map((key) => {
      const [namespace, name] = key.split('/', 2);
      return { namespace, name };
    });
    const subject = this.#subjects.fromAgent('group', 'get', this.#host);
    const reply = await this.#bus.request(subject, JSON.stringify({ groups }), ANSWER_MS);
    if (reply.header(ERROR_CODE_HEADER) !== '') throw new Error(reply.header(ERROR_TEXT_HEADER));
    const decoded = decodeJson(reply.data, groupReplySchema, MAX_VIEW_BYTES);
    if (!decoded.ok) throw new Error(decoded.error);
    return decoded.value.groups;
  }
}
