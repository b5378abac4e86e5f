import t from 'tap';
import { DEFAULT_HTTP2_CONFIG } from '../../../../../src/proxy/codec/http2/http2-config.ts';
import { OUR_SETTINGS_BYTES, PeerSettings, writeSettings } from '../../../../../src/proxy/codec/http2/settings.ts';
import { settings } from './support/frame-text.ts';

const payload = (...pairs: (readonly [number, number])[]): Buffer => settings(...pairs).subarray(9);

t.test('before the first SETTINGS the defaults of RFC 9113 6.5.2 hold, and 100 streams', (t) => {
  t.match(new PeerSettings(), { headerTable: 4096, maxStreams: 100, initialWindow: 65_535, maxFrame: 16_384 });
  t.end();
});

t.test('values are taken in order, the last one counts, and unknown ones are ignored', (t) => {
  const peer = new PeerSettings();
  const bytes = payload([1, 100], [4, 5], [4, 70_000], [3, 7], [6, 9], [0x8, 1], [0xff, 0xffff_ffff]);
  t.equal(peer.apply(bytes, 0, bytes.length, 'client'), true);
  t.match(peer, { headerTable: 100, maxStreams: 7, initialWindow: 70_000 });
  t.end();
});

t.test('saying nothing of a limit of streams means that there is none', (t) => {
  const peer = new PeerSettings();
  peer.apply(payload(), 0, 0, 'server');
  t.equal(peer.maxStreams, 0x7fff_ffff);
  t.end();
});

t.test('larger frames are allowed to us, and not used', (t) => {
  const peer = new PeerSettings();
  peer.apply(payload([5, 0xff_ffff]), 0, 6, 'client');
  t.equal(peer.maxFrame, 16_384);
  t.end();
});

for (const [id, value, from, error] of [
  [2, 2, 'client', 1],
  [2, 1, 'server', 1],
  [4, 0x8000_0000, 'client', 3],
  [5, 16_383, 'client', 1],
  [5, 0x100_0000, 'client', 1],
] as const) {
  t.test(`setting ${id} to ${value} by a ${from} is error ${error}`, (t) => {
    const peer = new PeerSettings();
    t.equal(peer.apply(payload([id, value]), 0, 6, from), false);
    t.equal(peer.error, error);
    t.match(peer.sentence, String(value));
    t.end();
  });
}

t.test('what we say can be read again, and defaults are left out', (t) => {
  const bytes = Buffer.alloc(OUR_SETTINGS_BYTES);
  const config = { ...DEFAULT_HTTP2_CONFIG, headerTableBytes: 99, maxFrameBytes: 20_000, initialStreamWindow: 1_000 };
  const peer = new PeerSettings();
  const length = writeSettings(bytes, 0, 'server', config);
  t.equal(length, 30);
  t.equal(peer.apply(bytes, 0, length, 'server'), true);
  t.match(peer, { headerTable: 99, maxStreams: 1_000, initialWindow: 1_000 });
  t.equal(writeSettings(bytes, 0, 'client', { ...config, headerTableBytes: 4096, maxFrameBytes: 16_384 }), 18);
  t.end();
});
