/** One request of OTLP over HTTP, and what its answer means (OTLP specification, "OTLP/HTTP Response"). */
import { request } from '../node-http.ts';

const TIMEOUT_MS = 10_000;
const MOST_ANSWER = 64 * 1024;
/** Worth another try. */
const TRANSIENT: ReadonlySet<number> = new Set([429, 502, 503, 504]);

export type Delivery = {
  /** '' = none. */
  readonly problem: string;
} & (
  | { readonly type: 'taken'; readonly rejected: number }
  | { readonly type: 'later' }
  /** It would be refused again. */
  | { readonly type: 'refused' }
);

/** Never rejects. */
export function postJson(url: URL, body: string | Buffer): Promise<Delivery> {
  return new Promise((resolve) => {
    const failed = (error: Error): void => resolve({ type: 'later', problem: error.message });
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const asked = request(url, { method: 'POST', headers, timeout: TIMEOUT_MS }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        if (text.length < MOST_ANSWER) text += chunk;
      });
      answer.on('error', failed);
      answer.on('end', () => resolve(readAnswer(answer.statusCode ?? 0, text)));
    });
    asked.on('timeout', () => asked.destroy(new Error(`the collector did not answer within ${TIMEOUT_MS / 1000} s`)));
    asked.on('error', failed);
    asked.end(body);
  });
}

function readAnswer(status: number, text: string): Delivery {
  if (status >= 200 && status < 300) return { type: 'taken', rejected: rejectedIn(text), problem: '' };
  const problem = `the collector answers ${status}`;
  return { type: TRANSIENT.has(status) ? 'later' : 'refused', problem };
}

/** Of `partialSuccess`; 64-bit numbers, which JSON has as text. */
interface Rejected {
  readonly rejectedSpans?: unknown;
  readonly rejectedLogRecords?: unknown;
}

function rejectedIn(text: string): number {
  try {
    const partial = (JSON.parse(text) as { partialSuccess?: Rejected } | null)?.partialSuccess;
    const rejected = Number(partial?.rejectedSpans ?? partial?.rejectedLogRecords ?? 0);
    return Number.isFinite(rejected) && rejected > 0 ? rejected : 0;
  } catch {
    return 0;
  }
}
