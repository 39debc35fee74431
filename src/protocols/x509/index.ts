export { decodeCertificate } from './certificate.js';
export { CertificateTemplate, type TemplateFields } from './template.js';
export type { CertificateFacts, NameAttribute, X509Failure, X509Result } from './types.js';
