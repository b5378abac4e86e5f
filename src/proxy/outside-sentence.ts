/** Why a destination was refused by `outboundTrafficPolicy: REGISTRY_ONLY`. @param what an address, or the host that was asked for */
export function outsideSentence(what: string): string {
  const named = what.length > 100 ? `${what.slice(0, 100)}...` : what;
  return `${named} is no service and no host of a ServiceEntry, and programs of this host may reach nothing else (REGISTRY_ONLY)`;
}
