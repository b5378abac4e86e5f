/** Records become lines, and lines go to the sinks. */
import { BIT_LOGGED } from '../records/record-layout.ts';
import type { RecordView } from '../records/record-view.ts';
import type { LineSink } from '../sinks/sink.ts';
import { LONGEST_LINE, type WriteLine } from './compile-format.ts';
import { LineWriter } from './line-writer.ts';

/** Lines are handed on in portions of about this many bytes: under load one for each look into the rings, and one write of each sink. */
const PORTION = 448 * 1024;

export class AccessLog {
  readonly #writeLine: WriteLine;
  readonly #sinks: readonly LineSink[];
  readonly #out = new LineWriter(PORTION + LONGEST_LINE);
  #count = 0;

  constructor(writeLine: WriteLine, sinks: readonly LineSink[]) {
    this.#writeLine = writeLine;
    this.#sinks = sinks;
  }

  take(view: RecordView): void {
    if (!view.has(BIT_LOGGED)) return;
    this.#writeLine(view, this.#out);
    this.#count++;
    if (this.#out.at > PORTION) this.flush();
  }

  flush(): void {
    if (this.#count === 0) return;
    const lines = this.#out.bytes.subarray(0, this.#out.at);
    for (const sink of this.#sinks) sink.write(lines, this.#count);
    this.#out.at = 0;
    this.#count = 0;
  }
}
