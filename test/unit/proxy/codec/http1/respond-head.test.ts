import t from 'tap';
import {
  type ErrorAnswer,
  writeErrorAnswer,
  writeRuleHead,
} from '../../../../../src/proxy/codec/http1/respond-head.ts';
import { bytes, OUT, parser } from './fixture.ts';

const ANSWER: ErrorAnswer = {
  status: 503,
  flag: 'UH',
  connectionId: '7f-1',
  sentence: 'No healthy endpoint of shop/orders.',
  close: false,
  toHead: false,
  insert: '',
};

t.test('an error answer is a complete response that our own parser takes', (t) => {
  const length = writeErrorAnswer(bytes, OUT, 4096, ANSWER);
  const text = bytes.toString('latin1', OUT, OUT + length);
  const head = parser.parseResponse(OUT, length, 'other');
  t.equal(text.slice(head), 'No healthy endpoint of shop/orders.\n');
  t.match(parser.head, { status: 503, contentLength: length - head, keepAlive: true });
  t.match(text, /^HTTP\/1\.1 503 Service Unavailable\r\n/);
  t.match(text, /\r\nx-towpath-error: UH; connection=7f-1\r\n/);
  t.end();
});

t.test('an answer to HEAD has the same head and no body', (t) => {
  const whole = writeErrorAnswer(bytes, OUT, 4096, { ...ANSWER, close: true });
  const text = bytes.toString('latin1', OUT, OUT + whole);
  const length = writeErrorAnswer(bytes, OUT, 4096, { ...ANSWER, close: true, toHead: true });
  t.equal(bytes.toString('latin1', OUT, OUT + length), text.slice(0, text.indexOf('\r\n\r\n') + 4));
  parser.parseResponse(OUT, length, 'HEAD');
  t.equal(parser.head.keepAlive, false);
  t.end();
});

t.test('text from elsewhere cannot break a line or the length', (t) => {
  const length = writeErrorAnswer(bytes, OUT, 4096, { ...ANSWER, flag: 'A\r\nB: c', sentence: 'x\r\n\r\ny\u20ac' });
  const text = bytes.toString('latin1', OUT, OUT + length);
  t.match(text, /x-towpath-error: A\?\?B: c; /);
  t.equal(text.slice(text.indexOf('\r\n\r\n') + 4), 'x????y?\n');
  t.end();
});

t.test('an answer that does not fit is not written', (t) => {
  t.equal(writeErrorAnswer(bytes, OUT, 50, ANSWER), -1);
  t.end();
});

t.test('further lines are put into the head', (t) => {
  const length = writeErrorAnswer(bytes, OUT, 4096, { ...ANSWER, insert: 'x-request-id: 9\r\n' });
  t.match(bytes.toString('latin1', OUT, OUT + length), /\r\nx-request-id: 9\r\n/);
  t.end();
});

t.test('the head of an answer that a rule gives', (t) => {
  const fields = [{ name: Buffer.from('location'), value: Buffer.from('http://a/b') }];
  const write = (status: number, length: number, close: boolean, room = 4096): string => {
    const n = writeRuleHead(bytes, OUT, room, status, fields, length, close);
    return n < 0 ? '' : bytes.toString('latin1', OUT, OUT + n);
  };
  const found = 'HTTP/1.1 302 Found\r\nlocation: http://a/b\r\ncontent-length: 0\r\nconnection: keep-alive\r\n\r\n';
  t.equal(write(302, 0, false), found);
  t.equal(write(204, -1, true), 'HTTP/1.1 204 No Content\r\nlocation: http://a/b\r\nconnection: close\r\n\r\n');
  t.equal(write(302, 0, false, found.length), found);
  t.equal(write(302, 0, false, found.length - 1), '');
  t.end();
});
