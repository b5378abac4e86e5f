import t from 'tap';
import { parseOptions, UsageError } from '../../../bench/options.ts';
import { ROWS } from '../../../bench/rows.ts';

t.test('without options every row is measured in ten pairs', async (t) => {
  t.match(parseOptions([]), { rows: ROWS, pairs: 10, sliceSeconds: 3, jsonFile: null, check: false, pin: true });
});

t.test('--quick is shorter, and yields to what is said explicitly', async (t) => {
  t.match(parseOptions(['--quick']), { pairs: 3, sliceSeconds: 1 });
  t.match(parseOptions(['--quick', '--pairs', '6']), { pairs: 6, sliceSeconds: 1 });
});

t.test('rows are chosen by name, in the order given', async (t) => {
  const options = parseOptions(['--rows', 'tcp-bulk,h1-keepalive', '--check', '--json', 'out.json']);
  t.same(
    options?.rows.map(({ name }) => name),
    ['tcp-bulk', 'h1-keepalive'],
  );
  t.match(options, { check: true, jsonFile: 'out.json', peers: ['haproxy', 'nginx', 'nghttpx', 'envoy'] });
});

t.test('peers are chosen by name', async (t) => {
  t.same(parseOptions(['--peers', 'envoy,haproxy'])?.peers, ['envoy', 'haproxy']);
});

t.test('--help asks for nothing else', async (t) => {
  t.equal(parseOptions(['--help']), null);
});

t.test('a wrong command line is refused in a sentence', async (t) => {
  const sentence = (args: readonly string[]): string => {
    try {
      parseOptions(args);
      return 'accepted';
    } catch (error) {
      return error instanceof UsageError ? error.message : `not a usage error: ${String(error)}`;
    }
  };
  t.match(sentence(['--rows', 'h1']), /no row "h1"; there are h1-keepalive/);
  t.match(sentence(['--peers', 'apache']), /no peer "apache"; there are haproxy/);
  t.match(sentence(['--pairs', '0']), /--pairs needs a whole number/);
  t.match(sentence(['--seconds', '1.5']), /--seconds needs a whole number/);
  t.match(sentence(['--fast']), /--fast/);
  t.match(sentence(['stray']), /stray/);
});
