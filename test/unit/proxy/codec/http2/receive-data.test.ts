/** Data in: the windows that we grant, and what bounds them. */
import t from 'tap';
import { PREFACE } from '../../../../../src/proxy/codec/http2/frames.ts';
import { data, headers, POST, paddedData, reset, settings } from './support/frame-text.ts';
import { type RigOptions, SessionRig } from './support/session-rig.ts';

const WINDOW = 65_536;
const text = (length: number): string => 'x'.repeat(length);

/** A server with small windows and the requests 1, 3, 5 ... under way. */
function receiving(requests: number, options: RigOptions = {}): SessionRig {
  const config = {
    initialStreamWindow: WINDOW,
    streamWindow: WINDOW,
    connectionWindow: 4 * WINDOW,
    maxUnconsumed: 2 * WINDOW,
    ...options.config,
  };
  const rig = new SessionRig('server', { ...options, config }).greet();
  for (let i = 0; i < requests; i++) rig.feed(headers(2 * i + 1, POST));
  rig.heard();
  return rig;
}

/** Sends `bytes` on a stream in frames of 16 KiB. */
function pour(rig: SessionRig, id: number, bytes: number): void {
  for (let left = bytes; left > 0; left -= 16_384) rig.feed(data(id, text(Math.min(left, 16_384))));
}

t.test('the stream window opens as bytes are consumed, half of it at a time', (t) => {
  const rig = receiving(1);
  rig.consumes = false;
  pour(rig, 1, WINDOW);
  t.same(rig.frames(), [], 'nothing was consumed, the connection has room');
  rig.stream(1).consumed(WINDOW / 2 - 1);
  rig.flush();
  t.same(rig.frames(), []);
  rig.stream(1).consumed(1);
  rig.flush();
  t.same(rig.frames(), [`WINDOW_UPDATE 1 +${WINDOW / 2}`]);
  t.end();
});

t.test('the window of a stream whose bytes are consumed doubles up to its size', (t) => {
  const rig = receiving(1, { config: { streamWindow: 3 * WINDOW } });
  pour(rig, 1, 4 * WINDOW);
  t.same(
    rig.frames().filter((frame) => frame.startsWith('WINDOW_UPDATE 1 ')),
    [WINDOW / 2 + WINDOW, WINDOW + WINDOW, (3 * WINDOW) / 2].map((bytes) => `WINDOW_UPDATE 1 +${bytes}`),
    'what was consumed, and what it grows by',
  );
  t.end();
});

t.test('windows grow together by no more than may be unconsumed, and what one grew by is free once it is over', (t) => {
  const rig = receiving(3, { config: { streamWindow: 3 * WINDOW, maxUnconsumed: 2 * WINDOW } });
  const grants = (id: number): string[] => rig.frames().filter((frame) => frame.startsWith(`WINDOW_UPDATE ${id} `));
  pour(rig, 1, 2 * WINDOW);
  t.equal(grants(1).length, 2);
  pour(rig, 3, WINDOW / 2);
  t.same(grants(3), [`WINDOW_UPDATE 3 +${WINDOW / 2}`], 'as much as was consumed');
  rig.feed(reset(1, 8));
  pour(rig, 3, WINDOW / 2);
  t.same(grants(3), [`WINDOW_UPDATE 3 +${WINDOW / 2 + WINDOW}`]);
  t.end();
});

t.test('a client that does not know our SETTINGS yet may send what the protocol allows', (t) => {
  const rig = new SessionRig('server', { config: { initialStreamWindow: 16_384 } });
  rig.consumes = false;
  rig.feed(PREFACE, settings(), headers(1, POST));
  pour(rig, 1, 65_535);
  t.equal(rig.session.unconsumedBytes, 65_535);
  t.notOk(rig.stream(1).isClosed);
  t.end();
});

t.test('a byte beyond the stream window is an error of the stream', (t) => {
  const rig = receiving(1);
  rig.consumes = false;
  pour(rig, 1, WINDOW);
  rig.heard();
  rig.feed(data(1, 'x'));
  t.same(rig.frames(), ['RST_STREAM 1 FLOW_CONTROL_ERROR']);
  t.same(rig.heard(), ['reset 1 FLOW_CONTROL_ERROR', 'idle']);
  t.end();
});

t.test('padding counts, and is granted again without being consumed', (t) => {
  const rig = receiving(1);
  rig.consumes = false;
  for (let i = 0; i < 200; i++) rig.feed(paddedData(1, '', 255));
  t.equal(rig.session.isOver, true, 'but frames of padding only are limited');
  const honest = receiving(1);
  for (let i = 0; i < 400; i++) honest.feed(paddedData(1, 'x', 255));
  const grants = honest.frames().filter((frame) => frame.startsWith('WINDOW_UPDATE 1 '));
  t.ok(grants.length >= 2, `${grants}`);
  t.equal(honest.session.unconsumedBytes, 0);
  t.end();
});

t.test('the connection window opens as bytes arrive, so that one slow stream does not stop the others', (t) => {
  const rig = receiving(2);
  rig.consumes = false;
  pour(rig, 1, WINDOW);
  rig.consumes = true;
  for (let i = 0; i < 20; i++) pour(rig, 3, WINDOW / 2);
  const frames = rig.frames();
  t.ok(frames.filter((frame) => frame.startsWith('WINDOW_UPDATE +')).length >= 4);
  t.equal(rig.session.isOver, false);
  t.equal(rig.session.unconsumedBytes, WINDOW);
  t.end();
});

t.test('with too much unconsumed in all streams together the connection window stays shut', (t) => {
  const rig = receiving(20);
  rig.consumes = false;
  let sent = 0;
  // 4 windows of the connection were granted; what arrives beyond 2 unconsumed is not granted again.
  for (let id = 1; id < 40 && !rig.session.isOver; id += 2) {
    pour(rig, id, WINDOW);
    sent += WINDOW;
  }
  t.ok(sent <= 8 * WINDOW, `${sent / WINDOW} windows until the peer broke the limit`);
  t.same(rig.heard().at(-1), 'fatal FLOW_CONTROL_ERROR');
  t.ok(rig.session.unconsumedBytes <= 7 * WINDOW);
  t.end();
});

t.test('consuming opens it again', (t) => {
  const rig = receiving(4);
  rig.consumes = false;
  for (const id of [1, 3, 5, 7]) pour(rig, id, WINDOW);
  rig.frames();
  rig.stream(1).consumed(WINDOW);
  rig.flush();
  t.same(rig.frames(), [`WINDOW_UPDATE 1 +${WINDOW}`]);
  rig.stream(3).consumed(WINDOW);
  rig.flush();
  t.same(rig.frames(), [`WINDOW_UPDATE +${2 * WINDOW}`, `WINDOW_UPDATE 3 +${WINDOW}`]);
  t.end();
});

for (const [title, end] of [
  ['a reset of the peer', (rig: SessionRig) => rig.feed(reset(1, 8))],
  ['our reset', (rig: SessionRig) => rig.stream(1).reset(8)],
] as const) {
  t.test(`${title} releases what will never be consumed`, (t) => {
    const rig = receiving(1);
    rig.consumes = false;
    pour(rig, 1, WINDOW);
    t.equal(rig.session.unconsumedBytes, WINDOW);
    end(rig);
    t.equal(rig.session.unconsumedBytes, 0);
    rig.stream(1).consumed(WINDOW);
    t.equal(rig.session.unconsumedBytes, 0);
    t.end();
  });
}

t.test('a complete stream counts until its bytes are consumed', (t) => {
  const rig = receiving(1);
  rig.consumes = false;
  rig.feed(data(1, text(1000), true));
  rig.sendData(1, 'done', true);
  t.equal(rig.stream(1).isClosed, true);
  t.equal(rig.session.unconsumedBytes, 1000);
  rig.stream(1).consumed(600);
  rig.stream(1).reset(0);
  t.equal(rig.session.unconsumedBytes, 0, 'a reset gives the rest up');
  rig.flush();
  t.notOk(
    rig.frames().some((frame) => frame.startsWith('RST')),
    'without a frame: the stream is over',
  );
  t.end();
});

t.test('DATA that crosses our reset is dropped and its credit given back', (t) => {
  const rig = receiving(2);
  rig.stream(1).reset(8);
  rig.flush();
  rig.frames();
  for (let i = 0; i < 16; i++) rig.feed(data(1, text(16_384)));
  t.same(
    rig.frames().map((frame) => frame.split(' +')[0]),
    ['WINDOW_UPDATE', 'WINDOW_UPDATE'],
  );
  t.same(rig.heard(), []);
  t.end();
});

t.test('a stream that is reset while its frame is still arriving hears nothing more', (t) => {
  const rig = receiving(1);
  const whole = data(1, 'abcdef', true);
  rig.feed(whole.subarray(0, 12));
  t.same(rig.heard(), ['data 1 "abc"']);
  rig.stream(1).reset(8);
  rig.feed(whole.subarray(12));
  t.same(rig.heard(), ['idle']);
  t.equal(rig.session.isOver, false);
  t.end();
});
