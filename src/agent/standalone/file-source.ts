/** Views from files: control's admission and compilation, in process. A bad change leaves everything as it was. */
import type { ServiceKey } from '../../contract/views.ts';
import { type Problem, UserError } from '../../core/errors.ts';
import {
  analyzeResources,
  applyGroup,
  EndpointIndex,
  groupKeyOf,
  hashView,
  ResourceIndex,
  resourceId,
} from '../../resources/index.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { LinkedWorkload } from '../control-types.ts';
import { type GroupProbeTable, probeOfGroup } from '../probes/group-probe.ts';
import type { SourceStatus, ViewSink, ViewSource, Withdrawal } from '../view-source.ts';
import { admitFiles } from './admit-files.ts';
import { type CompiledViews, compileViews } from './compile-views.ts';
import { readResourceFiles } from './list-files.ts';
import { FileWatch } from './watch-files.ts';

/** ms. Files that take resources away are believed when they still do after this: they may have been read while they were being written. */
const DOUBT_MS = 1_000;

export interface FileSourceSettings {
  readonly paths: readonly string[];
  /** Under which the local workloads are registered. */
  readonly host: string;
}

export class FileSource implements ViewSource {
  readonly #settings: FileSourceSettings;
  readonly #logger: Logger;
  readonly #watch: FileWatch;
  readonly #endpoints = new EndpointIndex();
  readonly #demanded = new Set<ServiceKey>();
  #workloads: readonly LinkedWorkload[] = [];
  #sink: ViewSink | null = null;
  #groups: readonly string[] = [];
  #tellGroups: (probes: GroupProbeTable) => void = () => {};
  #index = new ResourceIndex();
  #views: CompiledViews | null = null;
  #gen = 0;
  /** Of the files last read, so that equal content is not looked at twice. */
  #contentHash = '';
  /** Content that takes resources away, and when it was first read (ms, monotonic). */
  #doubted = { contentHash: '', since: 0 };
  #problems: readonly Problem[] = [];
  #told: ReadonlySet<string> = new Set();
  #applying: Promise<void> = Promise.resolve();

  constructor(settings: FileSourceSettings, logger: Logger) {
    this.#settings = settings;
    this.#logger = logger;
    this.#watch = new FileWatch(settings.paths, () => this.reload());
  }

  /** The first reading. @throws UserError with every problem: an agent is not started on files that it cannot obey. */
  async load(): Promise<void> {
    const { problems } = await this.#admit();
    if (problems.length > 0) throw new UserError(problems);
  }

  async start(sink: ViewSink, workloads: readonly LinkedWorkload[]): Promise<void> {
    this.#workloads = workloads;
    this.#sink = sink;
    this.#enqueue((sink) => this.#publish(sink));
    await this.#applying;
    this.#tellInForce();
  }

  follow(): void {
    this.#watch.start();
  }

  demand(key: ServiceKey): void {
    this.#demanded.add(key);
    const view = this.#views?.services.get(key);
    this.#enqueue((sink) => (view === undefined ? sink.serviceRemoved(key) : sink.service(view)));
  }

  setWorkloads(workloads: readonly LinkedWorkload[]): void {
    this.#workloads = workloads;
    this.#enqueue((sink) => this.#publish(sink));
  }

  followIdentities(): void {}

  leases(): null {
    return null;
  }

  logs(): null {
    return null;
  }

  followGroups(groups: readonly string[], tell: (probes: GroupProbeTable) => void): void {
    this.#groups = groups;
    this.#tellGroups = tell;
    this.#tellProbes();
  }

  async withdraw(): Promise<Withdrawal> {
    return 'none-listens';
  }

  async rest(): Promise<void> {
    await this.#watch.stop();
    await this.#applying;
  }

  stop(): Promise<void> {
    return this.rest();
  }

  describe(): SourceStatus {
    return { type: 'files', paths: this.#settings.paths, problems: this.#problems.map(sentenceOf) };
  }

  /** Reads the files again; unusable content is logged with its field paths and changes nothing. Never rejects. */
  async reload(): Promise<void> {
    const { changed, problems } = await this.#admit();
    if (!changed) return;
    for (const problem of problems) {
      this.#logger.error(
        { code: problem.code, path: problem.path },
        `the changed resource files are not applied: ${sentenceOf(problem)}`,
      );
    }
    if (problems.length > 0) return;
    this.#tellProbes();
    this.#enqueue((sink) => this.#publish(sink));
    await this.#applying;
    this.#tellInForce();
  }

  /** Takes new content if it is usable; otherwise remembers why not, and everything stays as it is. */
  async #admit(): Promise<{ readonly changed: boolean; readonly problems: readonly Problem[] }> {
    const files = await readResourceFiles(this.#settings.paths);
    const contentHash = hashView(files.ok ? files.value : files.error);
    if (contentHash === this.#contentHash) return { changed: false, problems: this.#problems };
    const admitted = files.ok ? admitFiles(files.value, this.#index, new Date()) : files;
    // The watch looks again soon.
    if (admitted.ok && this.#isDoubtful(contentHash, admitted.value))
      return { changed: false, problems: this.#problems };
    this.#contentHash = contentHash;
    if (admitted.ok) this.#index = admitted.value;
    this.#problems = admitted.ok ? [] : admitted.error;
    return { changed: true, problems: this.#problems };
  }

  #isDoubtful(contentHash: string, after: ResourceIndex): boolean {
    if (this.#index.list().every(({ resource }) => after.get(resourceId(resource)) !== undefined)) return false;
    const now = performance.now();
    if (this.#doubted.contentHash !== contentHash) this.#doubted = { contentHash, since: now };
    return now - this.#doubted.since < DOUBT_MS;
  }

  /** Compiles all, delivers what programs of this host have dialled. */
  async #publish(sink: ViewSink): Promise<void> {
    this.#registerWorkloads();
    const before = this.#views;
    const after = compileViews(this.#index, this.#endpoints, this.#settings.host, before, ++this.#gen);
    this.#views = after;
    for (const key of this.#demanded) {
      const view = after.services.get(key);
      if (view !== undefined) await sink.service(view);
    }
    await sink.host(after.host);
    await sink.directory(after.directory);
    for (const key of this.#demanded) {
      if (!after.services.has(key) && before?.services.has(key)) await sink.serviceRemoved(key);
    }
    this.#tellFindings();
  }

  #tellProbes(): void {
    if (this.#groups.length === 0) return;
    const probes = this.#groups.map((key) => {
      const probe = this.#index.workloadGroup(key)?.spec.probe;
      return [key, probe === undefined ? null : probeOfGroup(probe)] as const;
    });
    this.#tellGroups(new Map(probes));
  }

  /** Each time: what a WorkloadGroup says may have changed with the files. */
  #registerWorkloads(): void {
    const { host } = this.#settings;
    this.#endpoints.deleteHost(host);
    for (const workload of this.#workloads) {
      const endpoint = { ...workload, host };
      const group = groupKeyOf(endpoint);
      this.#endpoints.put(group === null ? endpoint : applyGroup(endpoint, this.#index.workloadGroup(group)));
    }
  }

  #tellInForce(): void {
    const resources = this.#index.list().length;
    this.#logger.info({ resources, services: this.#views?.services.size }, 'the resource files are in force');
  }

  /** What is admitted and still cannot work: a backend that does not exist, say. Told once each, until it changes. */
  #tellFindings(): void {
    const findings = analyzeResources(this.#index, this.#endpoints);
    const sentences = new Set(findings.map(sentenceOf));
    for (const finding of findings) {
      const sentence = sentenceOf(finding);
      if (finding.level === 'info' || this.#told.has(sentence)) continue;
      this.#logger.warn({ code: finding.code, path: finding.path }, sentence);
    }
    this.#told = sentences;
  }

  /** One at a time and in order, so that an older view never overtakes a newer one. */
  #enqueue(task: (sink: ViewSink) => Promise<void>): void {
    const sink = this.#sink;
    // Before the start nothing is delivered; the start delivers all.
    if (sink === null) return;
    this.#applying = this.#applying
      .then(() => task(sink))
      .catch((error: Error) => {
        this.#logger.error({ reason: error.message }, 'a view could not be applied');
      });
  }
}

function sentenceOf({ path, message }: Problem): string {
  return path === undefined ? message : `${path}: ${message}`;
}
