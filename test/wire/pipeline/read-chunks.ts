/** A message with a chunked body, written so that how the data was cut into chunks does not matter: head, data, bar, trailers. */
export function readChunks(text: string): string {
  const head = text.indexOf('\r\n\r\n');
  if (head < 0) return text;
  let out = text.slice(0, head + 4);
  let at = head + 4;
  for (;;) {
    const line = text.indexOf('\r\n', at);
    if (line < 0) return `${out}<${text.slice(at)}`;
    const size = Number.parseInt(text.slice(at, line), 16);
    if (Number.isNaN(size)) return `${out}<${text.slice(at)}`;
    if (size === 0) return `${out}|${text.slice(line + 2)}`;
    out += text.slice(line + 2, line + 2 + size);
    at = line + 2 + size + 2;
  }
}
