/** Istio's root namespace: policies in it are for the whole mesh. */
export const ROOT_NAMESPACE = 'istio-system';
