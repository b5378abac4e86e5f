import t from 'tap';
import { adviceOnKind } from '../../../src/resources/foreign-kinds.ts';
import { decodeResources, KINDS } from '../../../src/resources/index.ts';

t.test('a kind of elsewhere is refused with what to write instead, a kind of ours never', async (t) => {
  const refusal = (kind: string): string | undefined => {
    const decoded = decodeResources(`{apiVersion: x/v1, kind: ${kind}, metadata: {name: a}, spec: {}}`, '');
    return decoded.ok ? undefined : decoded.error[0]?.message;
  };
  t.match(refusal('VirtualService'), /is not supported: write HTTPRoutes/);
  t.match(refusal('DestinationRule'), /BackendTrafficPolicy .* Service for each subset/);
  t.match(refusal('ServiceAccount'), /named by workloads .* leave it out/);
  t.equal(refusal('Nonsense'), 'the kind "Nonsense" is not supported');
  for (const kind of KINDS) t.equal(adviceOnKind(kind), null, kind);
  for (const kind of ['constructor', '__proto__', 'toString']) t.equal(adviceOnKind(kind), null, kind);
});
