/** Whether a response flag (Envoy's; '' = none) says that a request failed: all do but DI, a delay on purpose of a request that is served. */
export function isFailure(flag: string): boolean {
  return flag !== '' && flag !== 'DI';
}
