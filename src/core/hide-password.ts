const CREDENTIALS = /^([a-z+]+:\/\/)?.*@/;

/** A server's address without the user, password or token that it may carry: for logs, sentences and reports. */
export function hidePassword(server: string): string {
  return server.replace(CREDENTIALS, '$1[secret]@');
}
