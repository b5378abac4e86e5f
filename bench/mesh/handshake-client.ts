/**
 * Full handshakes of mutual TLS, one request on each connection, no session taken up again.
 *
 * node handshake-client.ts ADDRESS PORT ALPN FOLDER CONNECTIONS SECONDS -> one line of JSON; FOLDER holds leaf.crt and leaf.key; ALPN '' = none
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';

const [host = '', port, alpn = '', folder = '', connections, seconds] = process.argv.slice(2);
const options = {
  host,
  port: Number(port),
  cert: readFileSync(join(folder, 'leaf.crt')),
  key: readFileSync(join(folder, 'leaf.key')),
  // It is the other end that is measured.
  rejectUnauthorized: false,
  ALPNProtocols: alpn === '' ? [] : [alpn],
};
const end = performance.now() + 1000 * Number(seconds);
const started = performance.now();
let [requests, errors, open] = [0, 0, 0];
let lastError = '';

function visit(): void {
  if (performance.now() > end) {
    if (open === 0) report();
    return;
  }
  open++;
  let isAnswered = false;
  const socket = connect(options, () => socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`));
  socket.on('data', (data: Buffer) => {
    isAnswered ||= data.subarray(0, 12).toString() === 'HTTP/1.1 200';
  });
  socket.on('error', (error) => {
    lastError = error.message;
  });
  socket.on('close', () => {
    open--;
    if (isAnswered) requests++;
    else errors++;
    visit();
  });
}

function report(): void {
  const passed = (performance.now() - started) / 1000;
  process.stdout.write(`${JSON.stringify({ requests, errors, lastError, seconds: passed })}\n`);
}

for (let i = 0; i < Number(connections); i++) visit();
