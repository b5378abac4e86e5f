import t from 'tap';
import { accessLogSchema, tracingSchema } from '../../../src/config/telemetry-schema.ts';

t.test('nothing is logged or traced unless it is said where', async (t) => {
  t.strictSame(accessLogSchema.parse(undefined), {
    stdout: false,
    file: null,
    stream: false,
    format: 'json',
    text: null,
    json: null,
    percent: 100,
    slowMs: null,
    directions: ['outbound', 'inbound'],
  });
  t.strictSame(tracingSchema.parse(undefined), { endpoint: null, percent: 1 });
  for (const endpoint of ['ftp://a/b', 'https://a/v1/traces', 'http://a'])
    t.match(tracingSchema.safeParse({ endpoint }), { success: false });
  t.match(accessLogSchema.safeParse({ unknown: 1 }), { success: false });
});
