import type { Failure, Result } from '../result.js';

/** What identity is read from: the leaf of the verified chain, never another certificate that the client sent. */
export interface CertificateFacts {
  /** Subject attributes in certificate order; `type` is `CN`, `OU`, … */
  readonly subject: readonly { readonly type: string; readonly value: string }[];
  readonly issuerCommonName: string;
  /** Dotted OIDs of the Extended Key Usage in certificate order. */
  readonly extendedKeyUsage: readonly string[];
}

/** Who is connected. */
export interface Identity {
  /** For example `vehicle_device`. */
  readonly clientType: string;
  /** For vehicles the VIN; the vin of every record of the connection (FT-ID-5). */
  readonly deviceId: string;
  /** `clientType.deviceId`. */
  readonly senderId: string;
}

/** Which issuers and OIDs mean which type of client. */
export interface IdentityTables {
  /** Table A: issuer CN → client type. Looked at first. */
  readonly issuers: ReadonlyMap<string, string>;
  /** Table B: issuer CNs whose leaves say their type by an OID. */
  readonly oidIssuers: ReadonlySet<string>;
  readonly oids: ReadonlyMap<string, string>;
  /** Leaves of table B that are refused because they serve another purpose. */
  readonly excludedOids: ReadonlySet<string>;
}

/** Why a certificate is refused. `detail` is the reference's own wording. */
export interface IdentityFailure extends Failure {
  readonly code: 'IDENTITY_UNAUTHORIZED' | 'IDENTITY_EXCLUDED';
  readonly detail: 'unauthorized certificate' | 'excluded certificate';
  /** The check that failed, and what an operator can do about it. */
  readonly explanation: string;
}

const BOARD_ISSUER = 'Tesla Motors Products CA';
const BOARD_UNIT = 'Tesla Motors SN';
const OID_PREFIX = '1.3.6.1.4.1.49279.2';
const WIFI_CERTIFICATE_OID = `${OID_PREFIX}.5.1.1`;

const TYPE_BY_OID_SUFFIX: readonly (readonly [number, string])[] = [
  [1, 'vehicle_device'],
  [11, 'vehicle_board_device'],
  [2, 'energy_device'],
  [12, 'das_device'],
  [14, 'vehicle_service'],
  [15, 'das_service'],
  [16, 'energy_service'],
  [28, 'robotics_device'],
];

/** Units of the subject that say more than the OID (FT-ID-4); the first of these that occurs counts. */
const TYPE_BY_UNIT: readonly (readonly [string, string])[] = [
  ['Solar Inverter', 'solar_inverter_device'],
  ['Gen3 Wall Connector', 'wall_connector_device'],
];

/** The tables of the reference (section 1.3). */
export const TESLA_IDENTITY_TABLES: IdentityTables = {
  issuers: new Map([
    ['TeslaMotors', 'vehicle_device'],
    ['Tesla Issuing CA', 'vehicle_device'],
    [BOARD_ISSUER, 'vehicle_device'],
  ]),
  oidIssuers: new Set([
    'Tesla Motors Product Issuing CA',
    'Tesla Motors Product RSA Issuing CA',
    'Tesla Motors GF3 Product Issuing CA',
    'Tesla Motors GF3 Product RSA Issuing CA',
    'Tesla Energy Product Issuing CA',
    'Tesla Energy GF0 Product Issuing CA',
    'Tesla Motors GF0 Product Issuing CA',
    'Tesla Motors GF Austin Product Issuing CA',
    'Tesla Motors GF Berlin Product Issuing CA',
    'Tesla Product Access Issuing CA',
    'Tesla China Product Access Issuing CA',
    'Tesla GF0 Product Access Issuing CA',
    'Tesla GF3 Product Access Issuing CA',
    'Tesla GF Austin Product Access Issuing CA',
    'Tesla GF Berlin Product Access Issuing CA',
  ]),
  // 4 is engineering, 5 is production.
  oids: new Map(
    [4, 5].flatMap((stage) => TYPE_BY_OID_SUFFIX.map(([suffix, type]) => [`${OID_PREFIX}.${stage}.${suffix}`, type])),
  ),
  excludedOids: new Set([WIFI_CERTIFICATE_OID]),
};

/** What an operator adds to the tables for a fleet of his own. */
export interface IdentityAdditions {
  /** Issuer CN → client type. */
  readonly issuers?: Readonly<Record<string, string>>;
  readonly oidIssuers?: readonly string[];
  /** Dotted OID → client type. */
  readonly oids?: Readonly<Record<string, string>>;
  readonly excludedOids?: readonly string[];
}

/** `tables` with an operator's own rows, which win over rows of the same key. */
export function withIdentityAdditions(tables: IdentityTables, additions: IdentityAdditions): IdentityTables {
  return {
    issuers: new Map([...tables.issuers, ...Object.entries(additions.issuers ?? {})]),
    oidIssuers: new Set([...tables.oidIssuers, ...(additions.oidIssuers ?? [])]),
    oids: new Map([...tables.oids, ...Object.entries(additions.oids ?? {})]),
    excludedOids: new Set([...tables.excludedOids, ...(additions.excludedOids ?? [])]),
  };
}

/** Who presents this certificate (FT-ID-1 to FT-ID-5). */
export function identify(
  certificate: CertificateFacts,
  tables: IdentityTables = TESLA_IDENTITY_TABLES,
): Result<Identity, IdentityFailure> {
  const commonName = certificate.subject.findLast(({ type }) => type === 'CN')?.value ?? '';
  // The reference would take the empty name for a device id; here it is a key, and one for any number of devices.
  if (commonName === '') return unauthorized('the subject has no CN; issue the certificate with the device id as CN');
  const clientType = clientTypeOf(certificate, tables);
  if (!clientType.ok) return clientType;
  const deviceId = commonName.replaceAll('.', '-');
  return { ok: true, value: { clientType: clientType.value, deviceId, senderId: `${clientType.value}.${deviceId}` } };
}

function clientTypeOf(certificate: CertificateFacts, tables: IdentityTables): Result<string, IdentityFailure> {
  const issuer = certificate.issuerCommonName;
  const units = certificate.subject.filter(({ type }) => type === 'OU').map(({ value }) => value);
  const direct = tables.issuers.get(issuer);
  if (direct !== undefined) {
    const isBoard = issuer === BOARD_ISSUER && units[0] === BOARD_UNIT;
    return { ok: true, value: isBoard ? 'vehicle_board_device' : direct };
  }
  if (!tables.oidIssuers.has(issuer)) {
    return unauthorized(`issuer CN ${JSON.stringify(issuer)} is in no issuer table; name it there if it is yours`);
  }
  for (const oid of certificate.extendedKeyUsage) {
    if (tables.excludedOids.has(oid)) return excluded(`extended key usage ${oid} marks a certificate for other uses`);
    const type = tables.oids.get(oid);
    if (type === undefined) continue;
    const override = TYPE_BY_UNIT.find(([unit]) => units.includes(unit));
    return { ok: true, value: override?.[1] ?? type };
  }
  const found = certificate.extendedKeyUsage.join(', ') || 'none';
  return unauthorized(
    `issuer CN ${JSON.stringify(issuer)} needs an extended key usage of the OID table; found: ${found}`,
  );
}

function unauthorized(explanation: string): Result<never, IdentityFailure> {
  return { ok: false, error: { code: 'IDENTITY_UNAUTHORIZED', detail: 'unauthorized certificate', explanation } };
}

function excluded(explanation: string): Result<never, IdentityFailure> {
  return { ok: false, error: { code: 'IDENTITY_EXCLUDED', detail: 'excluded certificate', explanation } };
}
