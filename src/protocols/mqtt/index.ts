export { connectFailure } from './connect-failure.js';
export { filterTakes } from './topic-filter.js';
