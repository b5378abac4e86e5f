/** Log lines on their way to main: few enough that a storm of failures neither blocks traffic nor floods the log. */
import type { FromDataThread } from '../contract/data-thread.ts';
import type { ConnectionRecord, Ending } from './connection-record.ts';

type LogMessage = Extract<FromDataThread, { type: 'log' }>;
type Fields = LogMessage['fields'];

const PER_SECOND = 50;

export class LogGate {
  readonly #post: (message: LogMessage) => void;
  #second = 0;
  #sent = 0;
  #dropped = 0;

  constructor(post: (message: LogMessage) => void) {
    this.#post = post;
  }

  /** A connection that did not end well. @param now ms of the reactor's clock */
  connection(record: ConnectionRecord, ending: Ending, now: number): void {
    if (!this.#admit(now)) return;
    this.#post({
      type: 'log',
      level: 'info',
      message: `connection ${ending}`,
      fields: {
        ...(record.id === '' ? {} : { id: record.id }),
        side: record.side,
        client: String(record.client ?? '-'),
        destination: String(record.destination ?? '-'),
        service: record.service,
        route: record.route,
        endpoint: record.endpoint,
        verdict: record.verdict,
        flag: record.flag,
        detail: record.detail,
        requests: record.requests,
        durationMs: Math.round(now - record.openedAt),
      },
    });
  }

  problem(message: string, fields: Fields, now: number): void {
    if (this.#admit(now)) this.#post({ type: 'log', level: 'error', message, fields });
  }

  /** Nothing went wrong here, but an operator wants to know. */
  notice(message: string, fields: Fields, now: number): void {
    if (this.#admit(now)) this.#post({ type: 'log', level: 'warn', message, fields });
  }

  #admit(now: number): boolean {
    const second = Math.floor(now / 1000);
    if (second !== this.#second) {
      if (this.#dropped > 0) {
        const fields = { dropped: this.#dropped };
        this.#post({ type: 'log', level: 'warn', message: 'log lines of the data thread were dropped', fields });
      }
      this.#second = second;
      this.#sent = 0;
      this.#dropped = 0;
    }
    if (this.#sent >= PER_SECOND) {
      this.#dropped++;
      return false;
    }
    this.#sent++;
    return true;
  }
}
