import t from 'tap';
import { codeLabel, codeNumber, MAX_CODE_NUMBER } from '../../../src/proxy/code-labels.ts';

t.test('codes are numbered by their labels', async (t) => {
  t.equal(codeLabel(0), '0');
  t.equal(codeLabel(200), '200');
  t.equal(codeLabel(299), '2xx');
  t.equal(codeLabel(999), '9xx');
  t.equal(codeNumber(298), codeNumber(299));
  t.not(codeNumber(200), codeNumber(201));
  for (let code = 0; code < 1000; code++) t.ok(codeNumber(code) <= MAX_CODE_NUMBER);
  t.ok(MAX_CODE_NUMBER < 100);
});
