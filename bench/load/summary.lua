-- Prints what wrk counted as one line of JSON; durations in microseconds.
function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '\nSUMMARY {"requests":%d,"micros":%d,"bytes":%d,"errors":%d,"kinds":"%s","p50":%d,"p99":%d,"p999":%d}\n',
    summary.requests, summary.duration, summary.bytes, e.connect + e.read + e.write + e.status + e.timeout,
    string.format("connect %d, read %d, write %d, status %d, timeout %d", e.connect, e.read, e.write, e.status, e.timeout),
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
