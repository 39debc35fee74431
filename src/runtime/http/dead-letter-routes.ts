import { Type } from '@sinclair/typebox';
import { CURSOR } from '../dead-letter-replay.js';
import { forViewers } from '../redaction.js';
import type { ActorSystem } from '../system.js';
import type { HttpRoutes } from './http-server.js';

const PAGE = 100;
const most = Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000 }));
const address = Type.String({ minLength: 3, maxLength: 512 });

/** What nobody took, and how it is sent again (SUP-7). */
export function deadLetterRoutes({ deadLetters, replay }: ActorSystem): HttpRoutes {
  return (app) => {
    const selection = Type.Object({
      address: Type.Optional(address),
      limit: most,
      cursor: Type.Optional(Type.String({ pattern: '^[0-9a-f]{1,20}$' })),
    });
    app.get('/api/v1/dead-letters', { schema: { querystring: selection } }, async (request) => {
      const { limit = PAGE, cursor, ...only } = request.query;
      const { letters, next = null } = deadLetters.newest({ ...only, limit }, cursor);
      const { kept, dropped } = deadLetters;
      const shown = letters.map((letter) => ({ ...letter, message: forViewers(letter.message) }));
      return { deadLetters: shown, next, kept, dropped };
    });

    app.post(
      '/api/v1/dead-letters/:id/replay',
      { schema: { params: Type.Object({ id: Type.String() }) } },
      async (request, reply) => {
        await replay.one(request.params.id);
        return reply.code(204).send();
      },
    );

    const some = Type.Object({ address, limit: most, cursor: Type.Optional(Type.String({ pattern: CURSOR.source })) });
    app.post('/api/v1/dead-letters/replay', { schema: { body: some } }, async (request) =>
      replay.some({ limit: PAGE, ...request.body }),
    );
  };
}
