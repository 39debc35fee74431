/** The HTTP server and what it tells of actors, apart from the runtime: a process without an API loads none of it. */

export { actorRoutes, actorStreams } from './actor-routes.js';
export { deadLetterRoutes } from './dead-letter-routes.js';
export { createHttpServer } from './http-server.js';
