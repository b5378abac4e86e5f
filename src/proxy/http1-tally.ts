/** What is counted and recorded of exchanges over HTTP/1.1 on both sides, one after another. */
import type { AnswerRelay } from './answer-relay.ts';
import type { Http1Head } from './codec/http1/http1-head.ts';
import { countExchange } from './count-request.ts';
import type { ExchangeClient } from './exchange-client.ts';
import type { Draft } from './journal/draft.ts';
import { noteWay } from './journal/note-way.ts';
import type { Forward, RequestDelivery } from './request-delivery.ts';
import type { RequestUpload } from './request-upload.ts';
import type { ResponseFlag } from './response-flags.ts';

export class Http1Tally {
  readonly #client: ExchangeClient;
  readonly #delivery: RequestDelivery;
  readonly #upload: RequestUpload;
  readonly #answer: AnswerRelay;
  decision: Forward | null = null;
  /** What is noted of the request for its record; null = nothing. */
  draft: Draft | null = null;
  #startedAt = 0;

  constructor(client: ExchangeClient, delivery: RequestDelivery, upload: RequestUpload, answer: AnswerRelay) {
    this.#client = client;
    this.#delivery = delivery;
    this.#upload = upload;
    this.#answer = answer;
  }

  /** The request with that head begins. */
  begin(decision: Forward, head: Http1Head): void {
    const { reactor, journal } = this.#client.context;
    this.decision = decision;
    this.#startedAt = reactor.now;
    this.draft = journal.isOn ? journal.begin(this.#client.record, reactor.slab.bytes, head) : null;
    this.#answer.draft = this.draft;
  }

  get seconds(): number {
    return (this.#client.context.reactor.now - this.#startedAt) / 1000;
  }

  /** It is over, and no answer of ours tells of it. @param detail for the log */
  count(flag: ResponseFlag | '', detail: string): void {
    const { endpoint } = this.#delivery;
    const { context, record } = this.#client;
    if (flag !== '') Object.assign(record, { flag, detail });
    if (this.decision !== null && endpoint !== null)
      countExchange(context.meter, record, this.decision, endpoint, this.#answer.status, flag, this.seconds);
    if (this.draft !== null || flag !== '') this.#journal(flag, detail);
  }

  #journal(flag: ResponseFlag | '', detail: string): void {
    const draft = this.takeDraft();
    draft.status = this.#answer.status;
    draft.sent = this.#answer.passed;
    draft.flag = flag;
    draft.detail = detail;
    this.#client.context.journal.end(draft, this.#client.record);
  }

  /** What is to be recorded of it; where nothing was noted its head is read again, if it was kept. Call before it is let go. */
  takeDraft(): Draft {
    const { context, record } = this.#client;
    const { reactor, parser, journal } = context;
    const draft = this.draft ?? journal.draftOf(record, reactor.slab.bytes, this.#delivery.replay.restoreHead(parser));
    draft.startedAt = this.#startedAt;
    draft.received = this.#upload.body.passed;
    noteWay(draft, this.decision, this.#delivery.endpoint, this.#delivery.attempts, this.#delivery.tries);
    this.draft = null;
    this.#answer.draft = null;
    return draft;
  }
}
