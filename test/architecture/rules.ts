/** The rules of the source tree, as data. Each says why, and the test prints that reason when the rule is broken. */

/** A folder imports only itself and folders of a lower rank (ARCHITECTURE.md, "Layers"). */
export const RANKS: ReadonlyMap<string, number> = new Map([
  ['core', 0],
  ['contract', 1],
  ['config', 1],
  ['reactor', 1],
  ['resources', 2],
  ['intercept', 2],
  ['protocol-sniff', 2],
  ['telemetry', 2],
  ['proxy', 3],
  ['agent', 4],
  ['control', 4],
  ['lab', 5],
  ['cli', 5],
]);

export const RANK_REASON =
  'data flows one way (core <- contract, config, reactor <- resources, intercept, protocol-sniff, telemetry <- proxy <- agent, control <- cli, lab); move what both need down, or pass it in';

/** Imports between folders of equal rank. */
export const SIDEWAYS: readonly { readonly from: string; readonly to: string; readonly why: string }[] = [
  { from: 'config', to: 'contract', why: 'settings name protocols and workloads in the words of the views' },
  { from: 'cli', to: 'lab', why: '`towpath lab` is a thin caller of the lab' },
];

/** Imports that the ranks would allow but the design does not. */
export const WALLS: readonly {
  readonly from: string;
  readonly to: string;
  readonly except: readonly string[];
  readonly why: string;
}[] = [
  {
    from: 'src/agent/',
    to: 'src/proxy/',
    except: [
      'src/agent/data-threads.ts',
      'src/agent/prepare-thread.ts',
      'src/agent/running-thread.ts',
      'src/agent/open-listeners.ts',
      'src/agent/data-plane-limits.ts',
    ],
    why: 'agent and proxy meet only through views and the messages of src/contract/data-thread.ts',
  },
  {
    from: 'src/agent/',
    to: 'src/reactor/',
    except: [
      'src/agent/data-threads.ts',
      'src/agent/prepare-thread.ts',
      'src/agent/running-thread.ts',
      'src/agent/open-listeners.ts',
      'src/agent/probes/probe-socket.ts',
      'src/agent/host/trim-memory.ts',
      'src/agent/dns/original-resolver.ts',
    ],
    why: 'the main thread carries no traffic; only the data-thread pool opens listeners, only probes need marked sockets, only DNS asks connection tracking, and madvise is a system call',
  },
];

/** One importing file for each outside package, so that replacing or patching it is a change in one place. */
export const PACKAGE_IMPORTERS: ReadonlyMap<string, string> = new Map([
  ['pino', 'src/telemetry/logger.ts'],
  ['execa', 'src/intercept/run-command.ts'],
  ['undici', 'src/proxy/codec/http1/llhttp.ts'],
  ['yaml', 'src/core/yaml.ts'],
  ['zod', 'src/core/schema.ts'],
  ['re2js', 'src/core/regex.ts'],
  ['@peculiar/x509', 'src/control/ca/x509.ts'],
  ['reflect-metadata', 'src/control/ca/x509.ts'],
  ['@nats-io/transport-node', 'src/contract/bus.ts'],
  ['@nats-io/jetstream', 'src/contract/bus.ts'],
  ['@nats-io/kv', 'src/contract/bus.ts'],
  ['@nats-io/jwt', 'src/contract/nats-jwt.ts'],
]);

/** Node modules and globals that only the listed files may use. */
export const RESERVED_MODULES: readonly {
  readonly modules: readonly string[];
  readonly only: readonly string[];
  readonly why: string;
}[] = [
  {
    modules: ['node:ffi'],
    only: ['src/reactor/syscalls.ts'],
    why: 'memory safety: raw pointers and system calls stay behind one checked file',
  },
  {
    modules: ['node:http'],
    only: ['src/telemetry/node-http.ts'],
    why: 'an ES import of it costs 16 MB of memory in each thread (see telemetry/node-http.ts); types may be imported',
  },
  {
    modules: ['node:child_process'],
    only: ['src/lab/run-in-host.ts', 'src/lab/start-program.ts'],
    why: 'commands run through src/intercept/run-command.ts (no shell, bounded output); the lab keeps long-running programs',
  },
];

export const PROCESS_ENV: { readonly only: readonly string[]; readonly why: string } = {
  // run-command.ts reads PATH alone, to pass it on with the sbin folders added.
  only: ['src/config/environment.ts', 'src/cli/main.ts', 'src/intercept/run-command.ts'],
  why: 'the environment is read in one place; everything else gets typed settings',
};

/** Folders whose decisions take time, randomness and state as arguments, and touch neither files nor sockets. */
export const PURE_FOLDERS: readonly string[] = [
  'src/core/',
  'src/resources/',
  'src/protocol-sniff/',
  'src/proxy/policy/',
  'src/proxy/codec/',
];

export const IMPURE_MODULES: readonly string[] = [
  'node:fs',
  'node:fs/promises',
  'node:http',
  'node:https',
  'node:http2',
  'node:dgram',
  'node:tls',
  'node:child_process',
  'node:worker_threads',
  'node:timers',
  'node:timers/promises',
];

/** A data thread never returns to Node's event loop, so nothing that needs the loop may appear in its code. */
export const LOOPLESS_FOLDERS: readonly string[] = ['src/proxy/', 'src/reactor/'];
export const LOOP_MODULES: readonly string[] = [
  'node:http',
  'node:https',
  'node:http2',
  'node:dgram',
  'node:tls',
  'node:stream',
  'node:timers',
  'node:timers/promises',
  'node:fs/promises',
];
export const LOOP_WORDS: readonly string[] = [
  'async',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'console',
];
/** The one step from Node's event loop into that of the reactor. */
export const INTO_THE_LOOP = { path: 'src/proxy/data-thread.ts', word: 'setImmediate' };
export const LOOP_REASON =
  'a data thread stays in epoll and never returns to the event loop: a promise, timer or stream there would never run';

export const MAX_FILE_LINES = 250;
export const MAX_FUNCTION_LINES = 40;
