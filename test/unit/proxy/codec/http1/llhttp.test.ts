import t from 'tap';
import { UserError } from '../../../../../src/core/errors.ts';
import { HeadParser } from '../../../../../src/proxy/codec/http1/head.ts';
import { createLlhttp } from '../../../../../src/proxy/codec/http1/llhttp.ts';

t.test('the slab is as large as asked for, aligned, zeroed, and inside one memory that never moves', (t) => {
  const llhttp = createLlhttp({ slabBytes: 3 << 20, parsers: 1000 });
  t.equal(llhttp.slabEnd - llhttp.slabStart, 3 << 20);
  t.equal(llhttp.slabStart % 64, 0);
  t.ok(llhttp.slabEnd <= llhttp.memory.byteLength);
  t.equal(llhttp.bytes.buffer, llhttp.memory);
  t.equal(llhttp.bytes.byteOffset, 0);
  const parser = new HeadParser(llhttp);
  const text = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
  // The very last bytes of the slab are as good as any.
  const at = llhttp.slabEnd - text.length;
  llhttp.bytes.write(text, at, 'latin1');
  t.equal(parser.parseRequest(at, text.length), text.length);
  llhttp.assertFixed();
  t.end();
});

t.test('parsers are handed out once each, and again after release', (t) => {
  const llhttp = createLlhttp({ slabBytes: 4096, parsers: 3 });
  const taken = new Set<number>();
  for (let parser = llhttp.acquireParser(); parser !== 0; parser = llhttp.acquireParser()) taken.add(parser);
  t.equal(taken.size, 7, 'three, and four for heads');
  t.equal(llhttp.freeParsers, 0);
  t.throws(() => new HeadParser(llhttp), /no parser left/);
  for (const parser of taken) {
    t.ok(parser < llhttp.slabStart || parser >= llhttp.slabEnd, 'outside the slab');
    llhttp.releaseParser(parser);
  }
  t.equal(llhttp.freeParsers, 7);
  t.end();
});

t.test('more memory than there can be is refused in one sentence', (t) => {
  t.throws(() => createLlhttp({ slabBytes: 0xfff00000, parsers: 1 }), UserError);
  t.end();
});

t.test('two parsers of one memory keep their heads apart', (t) => {
  const llhttp = createLlhttp({ slabBytes: 1 << 16, parsers: 1 });
  const [requests, responses] = [new HeadParser(llhttp), new HeadParser(llhttp)];
  const request = 'PUT /x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n';
  const response = 'HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n';
  const { bytes, slabStart } = llhttp;
  bytes.write(request + response, slabStart, 'latin1');
  requests.parseRequest(slabStart, request.length);
  responses.parseResponse(slabStart + request.length, response.length, 'other');
  t.match(requests.head, { isRequest: true, contentLength: 9, framing: 1, fieldCount: 2 });
  t.match(responses.head, { isRequest: false, status: 404, framing: 2, fieldCount: 1 });
  t.end();
});
