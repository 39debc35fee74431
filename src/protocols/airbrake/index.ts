export { askedDelayMs, type NoticeContext, type NoticeRequest, type NoticeSource, noticeRequest } from './notice.js';
