import t from 'tap';
import {
  decodeHuffman,
  encodeHuffman,
  HUFFMAN_INVALID,
  HUFFMAN_OVERFLOW,
  huffmanLength,
} from '../../../../../src/proxy/codec/http2/huffman.ts';
import { CODE, CODE_LENGTH } from '../../../../../src/proxy/codec/http2/huffman-code.ts';

const out = Buffer.alloc(1024);

function encode(text: string): string {
  const from = Buffer.from(text, 'latin1');
  const end = encodeHuffman(from, 0, from.length, out, 10);
  t.equal(end - 10, huffmanLength(from, 0, from.length), 'the length is known before');
  return out.toString('hex', 10, end);
}

function decode(hex: string, room = 512): string | number {
  const from = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  out.fill(0x2e);
  const length = decodeHuffman(from, 0, from.length, out, 1, 1 + room);
  t.equal(out[0], 0x2e, 'nothing before');
  t.equal(out[1 + room], 0x2e, 'nothing behind');
  return length < 0 ? length : out.toString('latin1', 1, 1 + length);
}

/** Bits to bytes, padded with ones. */
function bits(text: string): string {
  const padded = text.padEnd(Math.ceil(text.length / 8) * 8, '1');
  return (padded.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2).toString(16).padStart(2, '0')).join('');
}

const codeOf = (symbol: number) => CODE[symbol].toString(2).padStart(CODE_LENGTH[symbol], '0');

t.test('the strings of RFC 7541 appendix C', (t) => {
  for (const [text, hex] of [
    ['www.example.com', 'f1e3c2e5f23a6ba0ab90f4ff'],
    ['no-cache', 'a8eb10649cbf'],
    ['custom-key', '25a849e95ba97d7f'],
    ['custom-value', '25a849e95bb8e8b4bf'],
    ['302', '6402'],
    ['private', 'aec3771a4b'],
    ['Mon, 21 Oct 2013 20:13:21 GMT', 'd07abe941054d444a8200595040b8166e082a62d1bff'],
    ['https://www.example.com', '9d29ad171863c78f0b97c8e9ae82ae43d3'],
    ['gzip', '9bd9ab'],
    [
      'foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1',
      '94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007',
    ],
  ] as const) {
    t.equal(encode(text), hex);
    t.equal(decode(hex), text);
  }
  t.end();
});

t.test('codes of appendix B, short and long', (t) => {
  for (const [symbol, code] of [
    [0x30, '00000'],
    [0x61, '00011'],
    [0x20, '010100'],
    [0x3a, '1011100'],
    [0x26, '11111000'],
    [0x21, '1111111000'],
    [0x7c, '11111111100'],
    [0x00, '1111111111000'],
    [0x5c, '1111111111111110000'],
    [0x80, '11111111111111100110'],
    [0xff, '11111111111111111111101110'],
    [0x0a, '111111111111111111111111111100'],
    [0x16, '111111111111111111111111111110'],
    [256, '111111111111111111111111111111'],
  ] as const) {
    t.equal(codeOf(symbol), code, `symbol ${symbol}`);
  }
  t.equal(new Set(Array.from({ length: 257 }, (_, symbol) => codeOf(symbol))).size, 257);
  const sum = Array.from({ length: 257 }, (_, symbol) => 2 ** (30 - CODE_LENGTH[symbol])).reduce((a, b) => a + b);
  t.equal(sum, 2 ** 30, 'the code is complete');
  t.end();
});

t.test('every byte survives, alone, doubled and behind others', (t) => {
  for (let byte = 0; byte < 256; byte++) {
    const char = String.fromCharCode(byte);
    for (const text of [char, char + char, `a${char}`, `abc${char}0`, `${char}\\${char}`, `~~~~~~~${char}`]) {
      t.equal(decode(encode(text)), text);
    }
  }
  t.equal(decode(''), '');
  t.equal(encode(''), '');
  t.end();
});

t.test('padding is at most 7 bits, all ones', (t) => {
  t.equal(decode(bits(codeOf(0x61))), 'a', '3 bits of padding');
  t.equal(decode('1fff'), HUFFMAN_INVALID, 'a whole byte more');
  t.equal(decode('ff'), HUFFMAN_INVALID, 'nothing but padding');
  t.equal(decode('ffff'), HUFFMAN_INVALID);
  t.equal(decode('18'), HUFFMAN_INVALID, 'zeros');
  t.equal(decode('1e'), HUFFMAN_INVALID, 'ones and a zero');
  t.equal(decode(bits('0101001')), ' ', 'one bit in a byte that it does not fill');
  t.equal(decode('f8'), '&', 'no padding');
  t.end();
});

t.test('EOS and codes that are cut off are refused', (t) => {
  const eos = codeOf(256);
  t.equal(decode(bits(eos)), HUFFMAN_INVALID);
  t.equal(decode(bits(`00000${eos}`)), HUFFMAN_INVALID);
  t.equal(decode(bits(`${eos}00000000`)), HUFFMAN_INVALID);
  t.equal(decode('ffffffff'), HUFFMAN_INVALID);
  for (const symbol of [0x5c, 0x0a, 0xff, 0x00]) {
    const code = codeOf(symbol);
    for (let cut = 1; cut < code.length - 7; cut++) {
      const left = code.slice(0, code.length - cut);
      if (left.length % 8 === 0) t.equal(decode(bits(left)), HUFFMAN_INVALID, `${symbol} without ${cut} bits`);
    }
  }
  t.end();
});

t.test('output ends where it must', (t) => {
  for (const text of ['a', 'ab', 'abc', 'www.example.com', 'x\\y', '\\', 'a\n']) {
    const hex = encode(text);
    for (let room = 0; room < text.length; room++) t.equal(decode(hex, room), HUFFMAN_OVERFLOW, `${text} in ${room}`);
    t.equal(decode(hex, text.length), text);
  }
  t.end();
});
