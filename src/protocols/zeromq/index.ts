export { isCurveKey, z85Decode, z85Encode } from './z85.js';
export { decodeZapRequest, encodeZapReply, ZAP_ADDRESS, type ZapAnswer, type ZapRequest } from './zap.js';
