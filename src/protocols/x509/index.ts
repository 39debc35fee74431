export { decodeCertificate, decodeName, nameText } from './certificate.js';
export { CertificateTemplate, type TemplateFields } from './template.js';
export type { CertificateFacts, KeyUsage, NameAttribute, X509Failure, X509Result } from './types.js';
