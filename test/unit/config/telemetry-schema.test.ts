import t from 'tap';
import { accessLogSchema, tracingSchema } from '../../../src/config/telemetry-schema.ts';

t.test('nothing is logged or traced unless it is said where', async (t) => {
  t.strictSame(accessLogSchema.parse(undefined), {
    stdout: false,
    file: null,
    format: 'json',
    text: null,
    json: null,
    percent: 100,
    slowMs: null,
    directions: ['outbound', 'inbound'],
  });
  t.strictSame(tracingSchema.parse(undefined), { endpoint: null, percent: 1 });
  t.match(tracingSchema.safeParse({ endpoint: 'ftp://a/b' }), { success: false });
  t.match(accessLogSchema.safeParse({ unknown: 1 }), { success: false });
});
