export { decodeEnvelope } from './envelope.js';
export { encodeAck, encodeError } from './reply.js';
export {
  decodeReply,
  encodeStream,
  type Octets,
  type Reply,
  type StreamMessage,
  transactionId,
  vehicleMessage,
} from './stream.js';
export { type Envelope, type Failure, MESSAGE_TYPE, NO_BYTES, type Result, type Stream } from './types.js';
