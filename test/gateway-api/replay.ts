/** Applies the manifests of all groups to a lab and replays their cases through real programs. */
import { randomUUID } from 'node:crypto';
import { z } from '../../src/core/schema.ts';
import type { TestLab } from '../network/support/lab.ts';
import type { Issued } from '../unit/reactor/tls/support/pki.ts';
import type { Case, From, Group, Request, SplitCase } from './case-types.ts';
import { AUTHORITY } from './cases/backend-tls.ts';
import { compareCase } from './compare.ts';
import type { Result, Task } from './programs/replay-client.ts';
import { BACKENDS, NAMESPACE } from './text.ts';
import { CLIENT_PROGRAM, NODE } from './topology.ts';

export interface CaseResult {
  readonly group: string;
  readonly name: string;
  /** null: passed. */
  readonly problem: string | null;
}

const conditions = z.looseObject({
  items: z.array(
    z.looseObject({
      kind: z.string(),
      metadata: z.looseObject({ name: z.string(), namespace: z.string() }),
      spec: z.looseObject({ clusterIPs: z.array(z.string()).optional() }).optional(),
      status: z.looseObject({
        conditions: z.array(
          z.object({ type: z.string(), status: z.string(), reason: z.string(), message: z.string() }).partial(),
        ),
      }),
    }),
  ),
});
export type Item = z.output<typeof conditions>['items'][number];

export class Replay {
  readonly #lab: TestLab;
  readonly #clients = new Map<From, (tasks: readonly Task[]) => Promise<Result[]>>();
  #items: Item[] = [];

  constructor(lab: TestLab) {
    this.#lab = lab;
  }

  /** Applies everything, and waits until every agent runs it. */
  async prepare(groups: readonly Group[], authority: Issued): Promise<void> {
    const text = BACKENDS + groups.map(({ manifests }) => manifests).join('');
    const pem = authority.certificate.toString().trimEnd().replaceAll(/^/gm, '    ');
    const outcome = await this.#lab.exec(
      'control',
      ['towpath', 'apply', '-f', '-', '--wait'],
      text.replaceAll(AUTHORITY, pem),
    );
    if (outcome.exitCode !== 0) throw new Error(`${outcome.stderr}\n${outcome.stdout}`);
    for (const kind of ['service', 'httproute', 'grpcroute', 'tcproute', 'tlsroute', 'backendtlspolicy']) {
      const { items } = conditions.parse(
        JSON.parse(await this.#lab.run('control', ['towpath', 'get', kind, '-o', 'json'])),
      );
      this.#items.push(...items);
    }
    for (const from of ['client', 'consumer'] as const) this.#clients.set(from, this.#startClient(from));
  }

  async run(group: Group): Promise<CaseResult[]> {
    return Promise.all(
      group.cases.map(async (one) => ({ group: group.name, name: one.name, problem: await this.#runCase(one) })),
    );
  }

  async #runCase(one: Case): Promise<string | null> {
    switch (one.type) {
      case 'condition': {
        const item = this.#items.find(({ kind, metadata }) => kind === one.kind && metadata.name === one.resource);
        return compareCase(one, { type: 'item', item });
      }
      case 'split':
        return compareCase(one, { type: 'answers', answers: await this.#runMany(one) });
      case 'request': {
        const uuid = one.isCounted === true ? randomUUID() : null;
        const [result] = await this.#ask([one.request], uuid === null ? null : () => uuid);
        const copies = new Map<string, number>();
        for (const host of one.mirrors ?? []) copies.set(host, await this.#seen(host, uuid ?? '', 1));
        return compareCase(one, { type: 'answer', result, copies });
      }
      case 'upgrade': {
        const task: Task = { ...this.#task({ to: one.to, path: '/' }), type: 'upgrade' };
        const [result] = await this.#client('client')([task]);
        return compareCase(one, { type: 'answer', result, copies: new Map() });
      }
      case 'grpc': {
        const { to, method, metadata = {} } = one;
        const [result] = await this.#client('client')([
          { ...this.#task({ to, path: `/${method}`, headers: metadata, method: 'POST' }), type: 'grpc' },
        ]);
        return compareCase(one, { type: 'answer', result, copies: new Map() });
      }
      case 'connection': {
        const [result] = await this.#client('client')([this.#bytesTask(one.to, one.serverName)]);
        return compareCase(one, { type: 'answer', result, copies: new Map() });
      }
    }
  }

  /** Who answered each request; with `ofMirrors`, which hosts saw it as a copy. */
  async #runMany(one: SplitCase): Promise<string[]> {
    const { count, kind, request } = one;
    if (one.ofMirrors === true) {
      const uuids = Array.from({ length: count }, () => randomUUID());
      await this.#ask(
        Array.from({ length: count }, () => request),
        (i) => uuids[i] ?? '',
      );
      const hosts = Object.keys(one.shares);
      const found = await Promise.all(hosts.map((host) => this.#countSeen(host, uuids)));
      const copies = hosts.flatMap((host, i) => Array.from({ length: found[i] ?? 0 }, () => host));
      return [...copies, ...Array.from({ length: count - copies.length }, () => 'none')];
    }
    const task: Task =
      kind === 'tcp'
        ? this.#bytesTask(request.to, undefined)
        : {
            ...this.#task({ ...request, ...(kind === 'grpc' ? { method: 'POST' } : {}) }),
            ...(kind === 'grpc' ? { type: 'grpc' as const } : {}),
          };
    const results = await this.#client(request.from ?? 'client')(Array.from({ length: count }, () => task));
    return results.map(
      (result) => result.headers['x-backend'] ?? (kind === 'tcp' ? result.body.trim() : `status ${result.status}`),
    );
  }

  #ask(requests: readonly Request[], uuid: ((i: number) => string) | null): Promise<Result[]> {
    const tasks = requests.map((request, i) => {
      const path = request.path ?? '/';
      return this.#task(
        uuid === null ? request : { ...request, path: `${path}${path.includes('?') ? '&' : '?'}uuid=${uuid(i)}` },
      );
    });
    return this.#client(requests[0]?.from ?? 'client')(tasks);
  }

  /** How often a host saw that uuid; waits for `wanted`, 3 s at most. */
  async #seen(host: string, uuid: string, wanted: number): Promise<number> {
    for (const deadline = performance.now() + 3_000; ; ) {
      const [result] = await this.#client('client')([this.#task({ to: `@${host}:8080`, path: `/_seen?uuid=${uuid}` })]);
      const count = countIn(result);
      if (count >= wanted || performance.now() > deadline) return count;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async #countSeen(host: string, uuids: readonly string[]): Promise<number> {
    const tasks = uuids.map((uuid) => this.#task({ to: `@${host}:8080`, path: `/_seen?uuid=${uuid}` }));
    const results = await this.#client('client')(tasks);
    return results.filter((result) => countIn(result) > 0).length;
  }

  #task(request: Request): Extract<Task, { method: string }> {
    const { address, port, name } = this.#resolve(request.to);
    const { method = 'GET', path = '/', headers = {}, answerWith, protocol } = request;
    return {
      type: protocol === 'h2c' ? 'h2c' : 'http',
      address,
      port,
      method,
      path,
      host: request.host ?? name,
      headers: answerWith === undefined ? headers : { ...headers, 'X-Echo-Answer': JSON.stringify(answerWith) },
    };
  }

  #bytesTask(to: string, serverName: string | undefined): Task {
    const { address, port } = this.#resolve(to);
    return { type: 'bytes', address, port, ...(serverName === undefined ? {} : { serverName }) };
  }

  #resolve(to: string): { readonly address: string; readonly port: number; readonly name: string } {
    const [target = '', port = '80'] = to.split(':');
    if (target.startsWith('@'))
      return { address: this.#lab.address(target.slice(1), 'ipv4'), port: Number(port), name: target.slice(1) };
    const service = this.#items.find(
      ({ kind, metadata }) => kind === 'Service' && metadata.name === target && metadata.namespace === NAMESPACE,
    );
    const [address] = service?.spec?.clusterIPs ?? [];
    if (address === undefined) throw new Error(`the Service ${target} has no virtual IP`);
    return { address, port: Number(port), name: target };
  }

  #client(from: From): (tasks: readonly Task[]) => Promise<Result[]> {
    const client = this.#clients.get(from);
    if (client === undefined) throw new Error(`no client runs on ${from}`);
    return client;
  }

  /** Results come in the order of the tasks. */
  #startClient(host: string): (tasks: readonly Task[]) => Promise<Result[]> {
    const child = this.#lab.spawn(host, [...NODE, CLIENT_PROGRAM]);
    const owed: ((result: Result) => void)[] = [];
    let rest = '';
    child.child.stdout.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) owed.shift()?.(JSON.parse(line) as Result);
    });
    return (tasks) =>
      Promise.all(
        tasks.map((task) => {
          child.write(`${JSON.stringify(task)}\n`);
          return new Promise<Result>((resolve) => owed.push(resolve));
        }),
      );
  }
}

/** What `/_seen` said; 0 when it did not answer. */
function countIn(result: Result | undefined): number {
  return result?.status === 200 ? Number(JSON.parse(result.body).count) : 0;
}
