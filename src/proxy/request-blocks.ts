/** Blocks of numbers (`contract/request-block.ts`) of requests, by how they ended: found once, then five additions for each. */
import {
  AT_DURATION,
  AT_REQUEST_BYTES,
  AT_REQUEST_SIZE,
  AT_RESPONSE_BYTES,
  AT_RESPONSE_SIZE,
  AT_SECONDS,
  DURATION_BOUNDS,
  SIZE_BOUNDS,
} from '../contract/request-block.ts';
import { codeLabel, MAX_CODE_NUMBER } from './code-labels.ts';
import type { Counters, Labels } from './counters.ts';
import { MAX_GRPC_STATUS, NO_GRPC_STATUS } from './grpc/grpc-status.ts';
import { METHOD_LABELS } from './request-method.ts';

export const PROTOCOLS = ['http1', 'http2', 'grpc'] as const;
export const HTTP1 = 0;
export const HTTP2 = 1;
export const GRPC = 2;
/** gRPC answers with code 200 are told apart by their status; the first is for those that gave none. */
export const GRPC_ENDINGS = MAX_GRPC_STATUS + 2;

/** Blocks of requests that share side, service, route, backend and caller. */
export class RequestBlocks {
  readonly #counters: Counters;
  readonly #labels: Labels;
  /** By protocol and method, then by code (gRPC: by status): the place of the block, 0 = not looked up yet. */
  readonly #places: (Int32Array | null)[] = new Array(PROTOCOLS.length * METHOD_LABELS.length).fill(null);

  constructor(counters: Counters, labels: Labels) {
    this.#counters = counters;
    this.#labels = labels;
  }

  observe(place: number, seconds: number, requestBytes: number, responseBytes: number): void {
    const { values } = this.#counters;
    let i = 0;
    while (i < DURATION_BOUNDS.length && seconds > DURATION_BOUNDS[i]) i++;
    values[place + AT_DURATION + i] += 1;
    values[place + AT_SECONDS] += seconds;
    i = 0;
    while (i < SIZE_BOUNDS.length && requestBytes > SIZE_BOUNDS[i]) i++;
    values[place + AT_REQUEST_SIZE + i] += 1;
    values[place + AT_REQUEST_BYTES] += requestBytes;
    i = 0;
    while (i < SIZE_BOUNDS.length && responseBytes > SIZE_BOUNDS[i]) i++;
    values[place + AT_RESPONSE_SIZE + i] += 1;
    values[place + AT_RESPONSE_BYTES] += responseBytes;
  }

  /** @param ending number of the code, or gRPC status + 1 */
  place(protocol: number, method: number, ending: number, code: number, flag: string, grpcStatus: number): number {
    const isUsual = flag === '' && (protocol !== GRPC || code === 200);
    if (!isUsual) return this.#find(protocol, method, code, flag, grpcStatus);
    const at = protocol * METHOD_LABELS.length + method;
    const places = this.#places[at] ?? this.#begin(at);
    let place = places[ending];
    if (place === 0) {
      place = this.#find(protocol, method, code, flag, grpcStatus);
      places[ending] = place;
    }
    return place;
  }

  forget(): void {
    this.#places.fill(null);
  }

  #begin(at: number): Int32Array {
    const places = new Int32Array(Math.max(MAX_CODE_NUMBER + 1, GRPC_ENDINGS));
    this.#places[at] = places;
    return places;
  }

  #find(protocol: number, method: number, code: number, flags: string, grpcStatus: number): number {
    const grpc = protocol === GRPC && grpcStatus !== NO_GRPC_STATUS ? String(grpcStatus) : '';
    const ending = { method: METHOD_LABELS[method], code: codeLabel(code), flags, grpcStatus: grpc };
    return this.#counters.block({ ...this.#labels, protocol: PROTOCOLS[protocol], ...ending });
  }
}
