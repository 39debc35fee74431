/** Where errors are reported beside the log (spec 8.4). */
import { Type } from '@sinclair/typebox';
import { count, peer, text } from './key-types.js';

/** Of a client; the reference calls its certificate that of a server here, too. */
export const clientTls = {
  ca_file: text("PEM file with the CAs to trust instead of the system's."),
  server_cert: text('PEM file with the client certificate.'),
  server_key: text('PEM file with its private key, mode 0600.', { secret: false, secretFile: 'inPlace' }),
};

export const airbrakeKeys = peer(
  {
    host: text('URL of the service; empty: https://api.airbrake.io.', { default: '' }),
    project_id: count('Id of the project.'),
    project_key: text(
      'Key of the project; better in fleetchart.airbrakeProjectKeyFile. AIRBRAKE_PROJECT_KEY in the environment wins.',
      { secret: true },
    ),
    environment: text('What notices say they are from.', { default: '' }),
    tls: Type.Optional(peer(clientTls, 'For https.')),
  },
  'Errors of dispatchers and of upgrades as notices of Airbrake, or of what speaks its API.',
);

export const errorWebhookKeys = Type.Object(
  {
    url: Type.String({ minLength: 1, description: 'Where each report is posted as JSON.' }),
    secret: text('Key of the signatures; without one there are none.', { secret: true, minLength: 1 }),
    secretFile: text('File that holds it, mode 0600.', { secretFile: true, minLength: 1 }),
  },
  { additionalProperties: false, description: 'Reports of errors to a receiver of your own.' },
);
