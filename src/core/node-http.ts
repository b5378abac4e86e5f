/**
 * What Towpath uses of node:http. An ES import of it reads every property of the module, and some of those are getters that load
 * Node's whole fetch client: 16 MB of resident memory in every thread that does so.
 */
const http = process.getBuiltinModule('node:http');

export const { createServer, request, STATUS_CODES } = http;
