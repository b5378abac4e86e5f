/** Blocks of requests as data threads count them, for tests of what is made of them. */
import {
  AT_REQUEST_BYTES,
  AT_REQUEST_SIZE,
  AT_RESPONSE_BYTES,
  AT_RESPONSE_SIZE,
  AT_SECONDS,
  BLOCK_SLOTS,
  DURATION_BOUNDS,
  type RequestLabels,
} from '../../src/contract/request-block.ts';
import type { RequestCounts } from '../../src/telemetry/counted-series.ts';

export const USUAL_LABELS: RequestLabels = {
  side: 'outbound',
  service: 'shop/orders',
  route: 'shop/orders/0',
  backend: 'shop/orders-v2:8080',
  protocol: 'http1',
  method: 'GET',
  code: '200',
  flags: '',
  grpcStatus: '',
  principal: '',
};

/** One request for each of `seconds`, of 100 bytes, answered with 1,000. */
export function requests(labels: Partial<RequestLabels>, ...seconds: readonly number[]): RequestCounts {
  const values: number[] = new Array(BLOCK_SLOTS).fill(0);
  const add = (at: number, amount: number): void => {
    values[at] = (values[at] ?? 0) + amount;
  };
  for (const one of seconds) {
    const bucket = DURATION_BOUNDS.findIndex((bound) => one <= bound);
    add(bucket < 0 ? DURATION_BOUNDS.length : bucket, 1);
    add(AT_SECONDS, one);
    add(AT_REQUEST_SIZE, 1);
    add(AT_REQUEST_BYTES, 100);
    add(AT_RESPONSE_SIZE + 1, 1);
    add(AT_RESPONSE_BYTES, 1000);
  }
  return { labels: { ...USUAL_LABELS, ...labels }, values };
}
