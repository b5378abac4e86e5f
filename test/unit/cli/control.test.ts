import t from 'tap';
import { runCli } from '../../../src/cli/run-cli.ts';
import { recordingIo } from '../../helpers/recording-io.ts';

t.test('options that cannot be are told before anything is begun', async (t) => {
  for (const [options, sentence] of [
    [['--otlp-logs', '127.0.0.1:4318'], /--otlp-logs must be a URL such as http:\/\/127\.0\.0\.1:4318\/v1\/logs/],
    [['--otlp-logs', 'https://collector/v1/logs'], /a collector on this host adds TLS/],
    [['--otlp-logs', 'http://collector'], /--otlp-logs must be a URL/],
    [['--replicas', '2'], /--replicas must be auto, 1, 3 or 5/],
    [['--http', 'x'], /--http must be ADDRESS:PORT/],
    [['--lease-ttl', '2m'], /--lease-ttl must be between 1s and 1m/],
  ] as const) {
    const { io, written } = recordingIo({ TOWPATH_NATS_SERVERS: 'nats://127.0.0.1:1' });
    t.equal(await runCli(['control', ...options], io), 2, options.join(' '));
    t.match(written.err, sentence);
  }
  const { io, written } = recordingIo({ TOWPATH_NATS_SERVERS: 'nats://127.0.0.1:1', TOWPATH_OTLP_LOGS: 'x' });
  t.equal(await runCli(['control'], io), 2);
  t.match(written.err, /--otlp-logs must be a URL/);
});
