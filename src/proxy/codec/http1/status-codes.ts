/** Reason phrases by status code (RFC 9110 16.2.1), from Node; not by an import (see src/telemetry/node-http.ts). */
export const { STATUS_CODES } = process.getBuiltinModule('node:http');
