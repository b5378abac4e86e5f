/** The one importer of pino: JSON lines on standard output, one line per event. */
import { destination, type Logger as Pino, pino, stdTimeFunctions } from 'pino';

export type LoggerLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

interface LogMethod {
  (fields: object, message: string): void;
  (message: string): void;
}

/** What the rest of the code may do with a logger: facts as fields, one plain sentence as the message. */
export interface Logger {
  debug: LogMethod;
  info: LogMethod;
  warn: LogMethod;
  error: LogMethod;
  child(fields: Record<string, unknown>): Logger;
}

export interface LoggerSettings {
  /** The component: `agent`, `control`. */
  readonly name: string;
  readonly level: LoggerLevel;
}

/** More than this waiting for a reader that has stopped reading is dropped: a full pipe must not stop or fill the agent. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;

/** Fields that are never written, at any of the first three levels, whoever passes them. */
const SECRETS = ['password', 'token', 'authorization', 'credentials', 'seed', 'jwt', 'privateKey', 'secret'];
const REDACTED = SECRETS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]);

/** Writes are asynchronous, so that a slow reader of the log never blocks the thread; the rest is flushed at exit. */
export function createLogger(settings: LoggerSettings): Logger {
  const root = pino(
    {
      level: settings.level,
      base: { component: settings.name },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: REDACTED, censor: '[secret]' },
    },
    destination({ fd: 1, sync: false, maxLength: MAX_WAITING_BYTES }),
  );
  return new PinoLogger(root, {});
}

/** Changes the level while running, for this logger, its parents and its children: they share one root. */
export function setLevel(logger: Logger, level: LoggerLevel): void {
  if (logger instanceof PinoLogger) logger.root.level = level;
}

export function levelOf(logger: Logger): LoggerLevel {
  return logger instanceof PinoLogger ? (logger.root.level as LoggerLevel) : 'silent';
}

/** pino copies the level into each child at birth; keeping the child's fields here instead lets one switch reach all. */
class PinoLogger implements Logger {
  readonly root: Pino;
  readonly #fields: Readonly<Record<string, unknown>>;

  constructor(root: Pino, fields: Readonly<Record<string, unknown>>) {
    this.root = root;
    this.#fields = fields;
  }

  debug(first: object | string, message?: string): void {
    this.#write('debug', first, message);
  }
  info(first: object | string, message?: string): void {
    this.#write('info', first, message);
  }
  warn(first: object | string, message?: string): void {
    this.#write('warn', first, message);
  }
  error(first: object | string, message?: string): void {
    this.#write('error', first, message);
  }
  child(fields: Record<string, unknown>): Logger {
    return new PinoLogger(this.root, { ...this.#fields, ...fields });
  }

  #write(level: 'debug' | 'info' | 'warn' | 'error', first: object | string, message: string | undefined): void {
    if (typeof first === 'string') this.root[level](this.#fields, first);
    else this.root[level]({ ...this.#fields, ...first }, message);
  }
}
