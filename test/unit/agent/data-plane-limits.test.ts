import t from 'tap';
import { dataPlaneLimits } from '../../../src/agent/data-plane-limits.ts';
import { agentSchema } from '../../../src/config/agent-schema.ts';
import { DEFAULT_LIMITS } from '../../../src/proxy/context.ts';

const limits = (words: object) => dataPlaneLimits(agentSchema.parse({ host: 'h', limits: words }).limits);

t.test('the defaults of the agent file are those of the data plane', async (t) => {
  t.strictSame({ ...limits({}), maxSockets: 0 }, { ...DEFAULT_LIMITS, maxSockets: 0 });
  t.equal(limits({}).maxSockets, 40_512, 'each connection has two ends');
});

t.test('what the operator says arrives, in the units of the data plane', async (t) => {
  t.match(limits({ maxConnections: 100, headSeconds: 2.5, upstreamIdleSeconds: 0, headBytes: 8192, stallSeconds: 7 }), {
    maxSockets: 712,
    headTimeoutMs: 2500,
    upstreamIdleMs: 0,
    headBytes: 8192,
    stallMs: 7000,
  });
});
