/** What an nginx has counted, by its stub_status page, less what asking has added. */

export interface NginxCounts {
  /** Connections accepted. */
  readonly connections: number;
  /** Requests; each HTTP/2 stream is one. */
  readonly requests: number;
}

/** Server block of the configuration. */
export function renderStatus(port: number): string {
  return `server { listen 127.0.0.1:${port}; location / { stub_status; } }`;
}

export class NginxStatus {
  readonly #url: string;
  #asked = 0;

  constructor(port: number) {
    this.#url = `http://127.0.0.1:${port}/`;
  }

  /** @throws Error when nginx does not answer */
  async read(): Promise<NginxCounts> {
    const response = await fetch(this.#url, { headers: { connection: 'close' } });
    const { connections, requests } = parseStatus(await response.text());
    this.#asked += 1;
    return { connections: connections - this.#asked, requests: requests - this.#asked };
  }
}

/** @throws Error when the page is none of ngx_http_stub_status_module's */
export function parseStatus(page: string): NginxCounts {
  const [, accepted, requests] = /^ *(\d+) \d+ (\d+) *$/m.exec(page) ?? [];
  if (accepted === undefined || requests === undefined) throw new Error(`not a status page of nginx:\n${page}`);
  return { connections: Number(accepted), requests: Number(requests) };
}
