import { omitEmpty } from './compact.js';
import { objectOf, type Read, text } from './go-json.js';

/** The owner's answer (spec 3.7). Only `APPROVED`, so written, approves. */
export interface OwnerConsentFeedback {
  readonly status?: string;
}

export const readConsentFeedback: Read<OwnerConsentFeedback | undefined> = objectOf((member) =>
  omitEmpty({ status: member('status', text) }),
);

export const isApproval = ({ status }: OwnerConsentFeedback): boolean => status === 'APPROVED';
