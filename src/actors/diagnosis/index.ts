export type { ShownCertificate } from './certificates.js';
export type { Check } from './check.js';
export {
  type ClientConfigRequest,
  type ClientConfigResult,
  makeClientConfig,
  type ReadClientConfig,
  readClientConfig,
  type ServerOfClients,
} from './client-config.js';
export { diagnoseEngine, type EngineDiagnosis, type EngineDiagnosisOptions } from './diagnose-engine.js';
export { diagnoseTls, type TlsDiagnosis, type TlsDiagnosisOptions } from './diagnose-tls.js';
