export { LONGEST_FLIGHT_BYTES, readServerFlight } from './server-flight.js';
export type { CertificateRequest, HandshakeFailure, ServerFlight } from './types.js';
