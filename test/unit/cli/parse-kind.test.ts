import t from 'tap';
import { kindOf } from '../../../src/cli/parse-kind.ts';

t.test('kinds in any case, singular, plural or short', async (t) => {
  for (const [word, kind] of [
    ['service', 'Service'],
    ['Services', 'Service'],
    ['svc', 'Service'],
    ['HTTPRoute', 'HTTPRoute'],
    ['httproutes', 'HTTPRoute'],
    ['workloadentries', 'WorkloadEntry'],
    ['we', 'WorkloadEntry'],
    ['tlsroutes', 'TLSRoute'],
    ['hrf', 'HTTPRouteFilter'],
    ['httproutefilters', 'HTTPRouteFilter'],
    ['btp', 'BackendTrafficPolicy'],
  ] as const) {
    t.equal(kindOf('get', word), kind, word);
  }
});

t.test('another word is a usage error with advice', async (t) => {
  t.throws(() => kindOf('get', 'htproute'), { exitCode: 2, message: /did you mean httproute\?/ });
  t.throws(() => kindOf('get', 'constructor'), { exitCode: 2, message: /one of Service/ });
});
