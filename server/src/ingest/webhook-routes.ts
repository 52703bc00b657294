/**
 * POST /ingest/<format>: network servers deliver here with the key of their source in a header. Answered after
 * the commit, or after it is on disk when the database is away. A wrong or missing key is 401, a wrong body 400
 * naming the field; it is kept and counted all the same.
 */
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { AppError } from '@torv/core/errors';
import { Type } from 'typebox';
import type { App } from '../http/server.ts';
import type { Message } from './accept.ts';
import type { Inlet } from './inlet.ts';
import { SOURCE_FORMATS } from './source.ts';

const MAX_BODY_BYTES = 1024 * 1024;
const MAX_MESSAGES = 1000;

export interface WebhookDeps {
  readonly inlet: Inlet;
  readonly now: () => number;
}

function getKey(headers: Readonly<Record<string, string | string[] | undefined>>): string {
  const bearer = /^Bearer\s+(\S+)$/i.exec(String(headers.authorization ?? ''))?.[1];
  const key = headers['x-torv-key'] ?? bearer;
  if (typeof key !== 'string' || key.length < 20 || key.length > 200) {
    throw new AppError('BAD_KEY', 'The key of the source is missing or has the wrong form.', {
      at: 'X-Torv-Key',
      hint: 'Set the header X-Torv-Key to the key that the page Sources showed.',
    });
  }
  return key;
}

export function registerWebhookRoutes(app: App, deps: WebhookDeps): void {
  void app.register(async (plain) => {
    const scope = plain.withTypeProvider<TypeBoxTypeProvider>();
    // Taken as bytes: the message is kept to the letter, and JSON that is not JSON is told in our words.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      '*',
      { parseAs: 'buffer', bodyLimit: MAX_BODY_BYTES },
      (_request, body, done) => done(null, body),
    );
    scope.post(
      '/ingest/:format',
      {
        config: { allow: 'source' },
        bodyLimit: MAX_BODY_BYTES,
        schema: {
          tags: ['ingest'],
          params: Type.Object({ format: Type.Enum(SOURCE_FORMATS) }),
          querystring: Type.Object({ event: Type.Optional(Type.String({ maxLength: 40 })) }),
        },
      },
      async (request, reply) => {
        const source = await deps.inlet.findSource(getKey(request.headers));
        if (!source)
          throw new AppError('BAD_KEY', 'This key belongs to no source, or to one that is switched off.', {
            at: 'X-Torv-Key',
          });
        if (source.format !== request.params.format) {
          throw new AppError('BAD_PATH', `This source expects ${source.format}.`, {
            at: 'format',
            hint: `Send to /ingest/${source.format}.`,
          });
        }
        const body = request.body;
        if (!Buffer.isBuffer(body) || body.length === 0)
          throw new AppError('BAD_BODY', 'The body is empty.', { at: 'body' });
        const messages = toMessages(body, new Date(deps.now()).toISOString(), request.query.event);
        const kept = await deps.inlet.keep(source, messages);
        // 202: on disk, not yet in the database; it goes on by itself.
        if (kept.kind === 'spooled')
          return reply.status(202).send({ messages: messages.length, spooled: true });
        const { report } = kept;
        const first = report.rejections[0];
        if (first && report.rejections.length === messages.length) {
          throw new AppError('BAD_UPLINK', first.reason, first.at === undefined ? {} : { at: first.at });
        }
        return reply.send({
          messages: report.messages,
          frames: report.frames,
          ignored: report.ignored.length,
          rejected: report.rejections,
        });
      },
    );
  });
}

/** One message, or an array of them (some servers gather). */
function toMessages(body: Buffer, arrivedAt: string, event: string | undefined): Message[] {
  const hint = event === undefined ? {} : { event };
  const text = body.toString('utf8').trimStart();
  if (text.startsWith('[')) {
    let list: unknown;
    try {
      list = JSON.parse(text);
    } catch {
      throw new AppError('BAD_BODY', 'The body is not JSON.', { at: 'body' });
    }
    if (!Array.isArray(list) || list.length > MAX_MESSAGES)
      throw new AppError('TOO_LARGE', `At most ${MAX_MESSAGES} messages in one request.`, { at: 'body' });
    return list.map((one) => ({ body: JSON.stringify(one), arrivedAt, ...hint }));
  }
  return [{ body: text, arrivedAt, ...hint }];
}
