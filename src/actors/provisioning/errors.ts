import { FleetchartError } from '../../runtime/errors.js';

/** `PROVISIONING_*`: keys, certificates or their files that cannot be made or kept. */
export class ProvisioningError extends FleetchartError {
  constructor(
    override readonly code:
      | 'PROVISIONING_ARGUMENT'
      | 'PROVISIONING_NAME'
      | 'PROVISIONING_NO_AUTHORITY'
      | 'PROVISIONING_CONFLICT'
      | 'PROVISIONING_FILES',
    message: string,
    options: { cause?: unknown } = {},
  ) {
    super(code, message, options);
  }
}
