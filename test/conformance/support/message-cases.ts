/** Everything a message of HTTP/2 can carry, as node:http2 sends it and as it must arrive. */
import { randomBytes } from 'node:crypto';
import type { ClientHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { Test } from 'tap';
import { type Answer, answerOf, ask, plain, type Serve, sha256 } from './node-http2.ts';

export interface Case {
  readonly title: string;
  readonly serve: Serve;
  readonly ask: (session: ClientHttp2Session) => Promise<Answer>;
  readonly code: number;
  readonly check: (t: Test, answer: Answer) => void;
}

export const LONG = 'v'.repeat(1000);
/** Below 64 KiB with what a proxy adds. */
const MANY = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`x-field-${i}`, `${i}-${LONG}`]));
const ALL_BYTES = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).join('');
const BODY = randomBytes(300_000);

/** Answers with the fields of the request, as JSON. */
export const reflect: Serve = (stream, headers) => {
  stream.respond({ ':status': 200 });
  stream.end(JSON.stringify(headers));
};
const reflected = (answer: Answer): Record<string, string> =>
  JSON.parse(answer.body.toString()) as Record<string, string>;

export function echo(stream: ServerHttp2Stream): void {
  stream.respond({ ':status': 200 });
  stream.pipe(stream);
}

export const CASES: readonly Case[] = [
  {
    title: 'fields arrive with all their bytes, repeated ones in order',
    serve: reflect,
    ask: (session) =>
      ask(session, { ':path': '/a%20b?q=1&q=2', 'x-bytes': ALL_BYTES, 'x-list': ['one', 'two'], cookie: 'a=1; b=2' }),
    code: 200,
    check(t, answer) {
      const fields = reflected(answer);
      t.equal(fields[':path'], '/a%20b?q=1&q=2');
      t.equal(fields[':method'], 'GET');
      t.equal(fields[':scheme'], 'http');
      t.equal(fields['x-bytes'], ALL_BYTES);
      t.equal(fields['x-list'], 'one, two');
      t.equal(fields['cookie'], 'a=1; b=2');
    },
  },
  {
    title: 'request trailers and answer trailers arrive',
    serve(stream) {
      let seen = {};
      stream.on('trailers', (trailers) => {
        seen = plain(trailers);
      });
      stream.resume();
      stream.on('end', () => {
        stream.respond({ ':status': 200, trailer: 'x-sum' }, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': 'abc', 'x-bytes': ALL_BYTES }));
        stream.end(JSON.stringify(seen));
      });
    },
    ask(session) {
      const stream = session.request({ ':method': 'POST', te: 'trailers' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-client': 'yes' }));
      const answer = answerOf(stream);
      stream.end('body');
      return answer;
    },
    code: 200,
    check(t, answer) {
      t.same(reflected(answer), { 'x-client': 'yes' });
      t.same(plain(answer.trailers), { 'x-sum': 'abc', 'x-bytes': ALL_BYTES });
    },
  },
  {
    title: 'trailers without a body arrive',
    serve(stream) {
      stream.respond({ ':status': 200 }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '1' }));
      stream.end();
    },
    ask: (session) => ask(session, { ':path': '/' }),
    code: 200,
    check(t, answer) {
      t.same(plain(answer.trailers), { 'x-sum': '1' });
      t.equal(answer.body.length, 0);
    },
  },
  {
    title: 'two early hints and a 100 arrive before the answer, each with its fields',
    serve(stream) {
      stream.additionalHeaders({ ':status': 103, link: '</a.css>' });
      stream.additionalHeaders({ ':status': 103, link: '</b.css>' });
      stream.additionalHeaders({ ':status': 100 });
      stream.respond({ ':status': 201 });
      stream.end('made');
    },
    ask: (session) => ask(session, { ':method': 'POST', expect: '100-continue' }, 'x'),
    code: 201,
    check(t, answer) {
      t.same(
        answer.informational.map((fields) => fields[':status']),
        [103, 103, 100],
      );
      t.same(
        answer.informational.map((fields) => fields['link']),
        ['</a.css>', '</b.css>', undefined],
      );
      t.equal(answer.body.toString(), 'made');
    },
  },
  {
    title: '50 KB of request fields arrive',
    serve: reflect,
    ask: (session) => ask(session, { ':path': '/', ...MANY }),
    code: 200,
    check: (t, answer) => t.match(reflected(answer), MANY),
  },
  {
    title: '50 KB of answer fields arrive',
    serve(stream) {
      stream.respond({ ':status': 200, ...MANY });
      stream.end();
    },
    ask: (session) => ask(session, { ':path': '/' }),
    code: 200,
    check: (t, answer) => t.match(plain(answer.headers), MANY),
  },
  {
    title: 'an answer to HEAD has a length and no body',
    serve(stream) {
      stream.respond({ ':status': 200, 'content-length': '1000' }, { endStream: true });
    },
    ask: (session) => ask(session, { ':method': 'HEAD' }),
    code: 200,
    check(t, answer) {
      t.equal(answer.headers['content-length'], '1000');
      t.equal(answer.body.length, 0);
    },
  },
  {
    title: 'an answer that ends with its head stays one',
    serve: (stream) => stream.respond({ ':status': 204 }, { endStream: true }),
    ask: (session) => ask(session, { ':path': '/' }),
    code: 204,
    check: (t, answer) => t.equal(answer.body.length, 0),
  },
  {
    title: 'a body with a length arrives whole both ways',
    serve: echo,
    ask: (session) => ask(session, { ':method': 'PUT', 'content-length': String(BODY.length) }, BODY),
    code: 200,
    check: (t, answer) => t.equal(sha256(answer.body), sha256(BODY)),
  },
  {
    title: 'both sides talk at once: each message is answered before the next is sent',
    serve: echo,
    async ask(session) {
      const stream = session.request({ ':method': 'POST' });
      const answer = answerOf(stream);
      for (let i = 0; i < 50; i++) {
        stream.write(`message ${i}.`);
        await new Promise((resolve) => stream.once('data', resolve));
      }
      stream.end();
      return answer;
    },
    code: 200,
    check: (t, answer) => t.equal(answer.body.toString().split('.').length, 51),
  },
  {
    title: 'the client ends its side first and is answered for a while yet',
    serve(stream) {
      stream.respond({ ':status': 200 });
      stream.resume();
      stream.on('end', () => {
        let count = 0;
        const timer = setInterval(() => {
          stream.write(`${count++};`);
          if (count === 10) stream.end();
          if (count === 10) clearInterval(timer);
        }, 20);
      });
    },
    ask: (session) => ask(session, { ':method': 'POST' }, 'all'),
    code: 200,
    check: (t, answer) => t.equal(answer.body.toString(), '0;1;2;3;4;5;6;7;8;9;'),
  },
  {
    title: 'the server ends its side first and still gets the rest of the request',
    serve(stream) {
      let bytes = 0;
      stream.respond({ ':status': 200 }, { waitForTrailers: false });
      stream.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
      });
      stream.write('early;');
      stream.on('end', () => stream.end(String(bytes)));
    },
    async ask(session) {
      const stream = session.request({ ':method': 'POST' });
      const answer = answerOf(stream);
      await new Promise((resolve) => stream.once('data', resolve));
      stream.end(BODY);
      return answer;
    },
    code: 200,
    check: (t, answer) => t.equal(answer.body.toString(), `early;${BODY.length}`),
  },
];
