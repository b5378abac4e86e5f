import { randomBytes } from 'node:crypto';
import t from 'tap';
import { copyBytes, copyPiece, Piece, pieceOf, SLACK } from '../../../src/core/piece.ts';

t.test('bytes arrive as they are, whatever they are and wherever they go', async (t) => {
  for (let length = 0; length < 40; length++) {
    const bytes = randomBytes(length);
    for (let at = 0; at < 9; at++) {
      const whole = Buffer.alloc(64 + SLACK, 0xee);
      const to = new DataView(whole.buffer, whole.byteOffset, whole.byteLength);
      copyPiece(new Piece(bytes), to, at);
      t.same(whole.subarray(at, at + length), bytes, `a piece of ${length} at ${at}`);
      t.ok(
        whole.subarray(0, at).every((byte) => byte === 0xee),
        'nothing before it',
      );
      t.ok(
        whole.subarray(at + length + SLACK).every((byte) => byte === 0xee),
        'and little behind it',
      );
    }
  }
});

t.test('numbers that are none stay what they are', async (t) => {
  const signalling = Buffer.from('010000000000f07f', 'hex');
  const to = new DataView(new ArrayBuffer(8));
  copyPiece(new Piece(signalling), to, 0);
  t.same(Buffer.from(to.buffer), signalling);
});

t.test('a copy from anywhere touches nothing beyond it', async (t) => {
  for (let length = 0; length < 40; length++) {
    const source = randomBytes(length + 3);
    const from = new DataView(new Uint8Array(source).buffer);
    const whole = Buffer.from(new ArrayBuffer(length + 5)).fill(0xee);
    copyBytes(from, 3, length, new DataView(whole.buffer), 2);
    t.same(whole.subarray(2, 2 + length), source.subarray(3));
    t.same([...whole.subarray(0, 2), ...whole.subarray(2 + length)], [0xee, 0xee, 0xee, 0xee, 0xee]);
  }
});

t.test('text becomes UTF-8', async (t) => {
  t.same(Buffer.from(pieceOf('ä').view.buffer, 0, pieceOf('ä').length), Buffer.from('ä'));
});
