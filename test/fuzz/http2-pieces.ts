/** Frames for fuzzing HTTP/2 sessions: any, and such as make sense. */
import fc from 'fast-check';
import * as f from '../../src/proxy/codec/http2/frames.ts';
import * as text from '../unit/proxy/codec/http2/support/frame-text.ts';

const id = fc.oneof(fc.constantFrom(0, 1, 3, 5, 7, 9), fc.integer({ min: 0, max: 0x7fff_ffff }));
const payload = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.integer({ min: 0, max: 16_390 }).map((length) => new Uint8Array(length)),
);
const fields = fc.constantFrom(
  text.GET,
  text.POST,
  text.OK,
  [[':status', '103']] as const,
  [['x', 'y']] as const,
  [...text.POST, ['content-length', '5']] as const,
  [
    [':status', '200'],
    ['content-length', '5'],
  ] as const,
);
const flags = fc.constantFrom(0, 1, 4, 5, 8, 9, 0xd, 0x25, 0x2d, 0xff);
const setting = fc.tuple(
  fc.integer({ min: 0, max: 7 }),
  fc.oneof(fc.constantFrom(0, 1, 2, 65_535, 16_384, 0x7fff_ffff), fc.nat(0xffff_ffff)),
);

/** Mostly frames that make sense, so that deep states are reached. */
const piece: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(id, fields, fc.boolean()).map(([i, some, end]) => text.headers(i, some, end)) },
  { weight: 5, arbitrary: fc.tuple(id, payload, fc.boolean()).map(([i, bytes, end]) => text.data(i, bytes, end)) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(id, fc.integer({ min: 0, max: 255 }), fc.boolean())
      .map(([i, padding, end]) => text.paddedData(i, 'pad', padding, end)),
  },
  { weight: 3, arbitrary: fc.tuple(id, fc.nat(20)).map(([i, code]) => text.reset(i, code)) },
  {
    weight: 4,
    arbitrary: fc
      .tuple(id, fc.oneof(fc.constantFrom(0, 1, 1000, 0x7fff_ffff), fc.nat(0xffff)))
      .map(([i, n]) => text.windowUpdate(i, n)),
  },
  { weight: 2, arbitrary: fc.array(setting, { maxLength: 4 }).map((pairs) => text.settings(...pairs)) },
  { weight: 1, arbitrary: fc.constant(text.settingsAck()) },
  { weight: 1, arbitrary: fc.constant(text.ping()) },
  { weight: 1, arbitrary: fc.tuple(id, fc.nat(13)).map(([last, code]) => text.goaway(last, code)) },
  { weight: 1, arbitrary: fc.tuple(id, id).map(([i, on]) => text.priority(i, on)) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(f.HEADERS, f.CONTINUATION), flags, id, fields)
      .map(([type, flag, i, some]) => text.frame(type, flag, i, text.section(some))),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.integer({ min: 0, max: 12 }), flags, id, payload)
      .map(([type, flag, i, bytes]) => text.frame(type, flag, i, bytes)),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)) },
);

/** Frames that a well-behaved peer could send, on streams that it has opened: the states behind them are reached too. */
export type Make = (ids: Ids) => Buffer;

export class Ids {
  #opened = 0;

  open(): number {
    return 2 * this.#opened++ + 1;
  }
  known(pick: number): number {
    return 2 * (pick % Math.max(1, this.#opened)) + 1;
  }
}

const pick = fc.nat(5);
export const tame: fc.Arbitrary<Make> = fc.oneof(
  { weight: 5, arbitrary: fc.boolean().map((end) => (ids: Ids) => text.headers(ids.open(), text.POST, end)) },
  {
    weight: 6,
    arbitrary: fc.tuple(pick, fc.integer({ min: 1, max: 16_384 }), fc.boolean()).map(
      ([n, size, end]) =>
        (ids: Ids) =>
          text.data(ids.known(n), new Uint8Array(size), end),
    ),
  },
  { weight: 2, arbitrary: pick.map((n) => (ids: Ids) => text.headers(ids.known(n), [['x-sum', '1']], true)) },
  { weight: 2, arbitrary: pick.map((n) => (ids: Ids) => text.headers(ids.known(n), text.OK, false)) },
  {
    weight: 2,
    arbitrary: fc.tuple(pick, fc.nat(13)).map(
      ([n, code]) =>
        (ids: Ids) =>
          text.reset(ids.known(n), code),
    ),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(pick, fc.boolean(), fc.integer({ min: 1, max: 70_000 })).map(
      ([n, all, by]) =>
        (ids: Ids) =>
          text.windowUpdate(all ? 0 : ids.known(n), by),
    ),
  },
  { weight: 1, arbitrary: fc.nat(70_000).map((window) => () => text.settings([4, window])) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(text.ping(), text.settings(), text.goaway(5, 0)).map((bytes) => () => bytes),
  },
);
/** Anything, by chance. */
export const wild: fc.Arbitrary<Make> = piece.map((bytes) => () => bytes);
