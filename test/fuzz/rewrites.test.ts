/** Whatever a rule rewrites or redirects to: the head that is sent on is one head, and Location is one address. */
import fc from 'fast-check';
import t from 'tap';
import type { PathRewriteView } from '../../src/contract/route-views.ts';
import { compileRequestEdits } from '../../src/proxy/codec/http1/header-edits.ts';
import { compileRedirect, locationOf } from '../../src/proxy/policy/redirect.ts';
import { bytes, forward, OUT, parseRequest, parser } from '../unit/proxy/codec/http1/fixture.ts';

/** Runs for each property; more by FUZZ_RUNS. The seed of a failure is printed by fast-check. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 4000);

const segment = fc.stringMatching(/^[a-zA-Z0-9._~!$&'()*+,;=:@%-]{0,8}$/);
const path = fc.array(segment, { maxLength: 4 }).map((parts) => `/${parts.join('/')}`);
const query = fc.option(fc.stringMatching(/^[a-zA-Z0-9=&%?/]{0,12}$/), { nil: null });
const anyText = fc.oneof(
  path,
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('', '/', '//', ' ', '\r\n\r\n'),
);
const rewrite: fc.Arbitrary<PathRewriteView> = fc.oneof(
  anyText.map((value) => ({ type: 'ReplaceFullPath', value }) as const),
  anyText.map((value) => ({ type: 'ReplacePrefixMatch', prefix: '/', value }) as const),
);
const request = fc.record({ path, query, absolute: fc.boolean(), hasHost: fc.boolean() });

t.test('a rewritten head is read as it was meant', (t) => {
  fc.assert(
    fc.property(request, rewrite, (asked, view) => {
      const target = `${asked.absolute ? 'http://h.example' : ''}${asked.path}${asked.query === null ? '' : `?${asked.query}`}`;
      const head = parseRequest(`GET ${target} HTTP/1.1\r\nHost: h.example\r\nX-Kept: 1\r\n\r\n`);
      const edits = compileRequestEdits([], [{ path: view, ...(asked.hasHost ? { hostname: 'new.example' } : {}) }]);
      const text = forward(head, { connection: 'none', edits, insert: [] });
      if (parser.parseRequest(OUT, text.length) !== text.length) throw new Error(JSON.stringify(text));
      const [line, ...fields] = text.split('\r\n');
      const host = asked.hasHost ? 'new.example' : 'h.example';
      if (fields.join('|') !== `Host: ${host}|X-Kept: 1||`) throw new Error(JSON.stringify(text));
      const wanted = asked.query === null || asked.query === '' ? '' : `?${asked.query}`;
      if (!line.startsWith('GET /') || !line.endsWith(`${wanted} HTTP/1.1`)) throw new Error(line);
    }),
    { numRuns: RUNS / 2 },
  );
  t.pass('all alike');
  t.end();
});

t.test('a Location leads where it says, whatever the path', (t) => {
  fc.assert(
    fc.property(request, fc.option(rewrite, { nil: undefined }), (asked, view) => {
      const target = `${asked.path}${asked.query === null ? '' : `?${asked.query}`}`;
      const head = parseRequest(`GET ${target} HTTP/1.1\r\nHost: h.example\r\n\r\n`);
      const redirect = compileRedirect({ type: 'redirect', status: 302, path: view });
      const location = locationOf(redirect, { host: 'x', port: 8080 }, head, bytes);
      if (!/^[\x21-\x7e]+$/.test(location)) throw new Error(JSON.stringify(location));
      if (new URL(location).host !== 'h.example:8080') throw new Error(location);
    }),
    { numRuns: RUNS / 2 },
  );
  t.pass('all alike');
  t.end();
});
