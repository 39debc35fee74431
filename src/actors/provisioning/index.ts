export { type PairFiles, readAuthority } from './authority-files.js';
export {
  type Authority,
  type AuthorityOptions,
  type CertificateOptions,
  type DeviceCertificateOptions,
  type IssuedCertificate,
  KEY_PURPOSE,
  type ServerCertificateOptions,
  type SubjectOptions,
} from './certificate-options.js';
export {
  type DemoCertificates,
  type DemoOptions,
  demoCertificates,
  isDemoCertificate,
  VEHICLE_AUTHORITY_NAME,
} from './demo.js';
export { createAuthority, issueDeviceCertificate, issueServerCertificate } from './effects.js';
export { ProvisioningError } from './errors.js';
export { readIfPresent, writeKey as writePrivateFile } from './files.js';
export { generateKey, type KeyKind } from './keys.js';
export { issueMany, type ManyCertificatesOptions } from './many.js';
export { numberedNames } from './names.js';
export type { ProvisionedPair } from './pair.js';
export { type ProvisionOptions, provisionAuthority, provisionDevices, provisionHub } from './provision.js';
export { type Thumbprints, thumbprints } from './thumbprints.js';
