/** The gRPC project's own interop cases (grpc-go, pinned in scripts/setup.sh) through both sides of an agent, case by case with its counters. */
import './support/inside.ts';

import t from 'tap';
import { run } from '../../bench/place/programs.ts';
import { type GrpcTraffic, grpcBetween } from './support/grpc-traffic.ts';
import { addressOf } from './support/mesh.ts';
import { Rig } from './support/rig.ts';
import { toolPath } from './support/tools.ts';

/** Calls that each case makes, by the status they end with; `- DC` = cancelled by the client before one was sent. */
const CASES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  empty_unary: { 0: 1 },
  large_unary: { 0: 1 },
  client_streaming: { 0: 1 },
  server_streaming: { 0: 1 },
  ping_pong: { 0: 1 },
  empty_stream: { 0: 1 },
  cancel_after_first_response: { '- DC': 1 },
  status_code_and_message: { 2: 2 },
  special_status_message: { 2: 1 },
  unimplemented_method: { 12: 1 },
  unimplemented_service: { 12: 1 },
  custom_metadata: { 0: 2 },
};
const SOAK_CALLS = 100;
const SOAK = [
  `-soak_iterations=${SOAK_CALLS}`,
  '-soak_max_failures=0',
  '-soak_per_iteration_max_acceptable_latency_ms=5000',
  '-soak_overall_timeout_seconds=50',
];

const soak = (connections: number): GrpcTraffic => ({
  connections,
  outbound: { 0: SOAK_CALLS },
  inbound: { 0: SOAK_CALLS },
});

t.setTimeout(180_000);
const client = toolPath('grpc-interop-client');
const server = toolPath('grpc-interop-server');
const rig = await Rig.start(t, { interop: null }, ['interop']);
const { interop } = rig.services;
await rig.serve(interop, [server, `-port=${interop.port}`]);

/** @throws Error with what the client printed when the case fails */
async function runCase(name: string, ...options: readonly string[]): Promise<void> {
  const { host, port } = addressOf(interop);
  await run([client, `-server_host=${host}`, `-server_port=${port}`, `-test_case=${name}`, ...options]);
}

for (const [name, calls] of Object.entries(CASES)) {
  await t.test(`${name} passes, and the proxy saw its calls`, async (t) => {
    await rig.countsBy(t, grpcBetween, { connections: 1, outbound: calls, inbound: calls }, async () => {
      await runCase(name);
    });
  });
}

await t.test('rpc_soak: many large calls on one channel', async (t) => {
  await rig.countsBy(t, grpcBetween, soak(1), async () => {
    await runCase('rpc_soak', ...SOAK);
  });
});

await t.test('channel_soak: a new channel for each large call', async (t) => {
  await rig.countsBy(t, grpcBetween, soak(SOAK_CALLS), async () => {
    await runCase('channel_soak', ...SOAK);
  });
});

// The client may be done before its HEADERS are sent: how many calls arrive is chance. What the proxy makes of a cancel and of a
// deadline is counted in client-endings.test.ts and grpc-deadlines.test.ts.
for (const name of ['cancel_after_begin', 'timeout_on_sleeping_server']) {
  await t.test(`${name} passes`, async (t) => {
    await t.resolves(runCase(name));
  });
}

await t.test('the agent is sound at the end', async (t) => rig.assertSound(t));
