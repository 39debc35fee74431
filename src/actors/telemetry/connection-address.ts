import { type Address, addressOf } from '../../runtime/index.js';

export const CONNECTION_TYPE = 'vehicle-connection';

export const connectionAddress = (connectionId: string): Address => addressOf(CONNECTION_TYPE, connectionId);
