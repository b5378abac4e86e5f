/**
 * node:http for the few servers and clients of the main thread. An ES import of it reads every property of the module, and some of
 * those are getters that load Node's whole fetch client: 16 MB of resident memory in every thread that does so.
 */
export const { createServer, request } = process.getBuiltinModule('node:http');
