/**
 * The HTTP floor: Fastify with Torv's errors, validation, security headers and the refusal of cross-site
 * writes. Knows no feature; routes come from `app.ts`.
 */

import cookie from '@fastify/cookie';
import swagger from '@fastify/swagger';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { AppError } from '@torv/core/errors';
import { Ajv, type Options } from 'ajv';
import addFormats from 'ajv-formats';
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyRequest,
  LogController,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from 'fastify';
import type { Config } from '../config.ts';
import { handleError } from './errors.ts';

export type App = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** The largest JSON body of an ordinary request; uploads say their own. */
const BODY_LIMIT_BYTES = 1024 * 1024;

const CONTENT_SECURITY_POLICY = [
  "default-src 'self'",
  // the map draws in a worker made from a file of our own, its images come as blobs
  "worker-src 'self' blob:",
  "img-src 'self' data: blob:",
  // the design system and the charts set style attributes
  "style-src 'self' 'unsafe-inline'",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

function toValidator(options: Options): Ajv {
  const ajv = new Ajv({
    removeAdditional: false,
    useDefaults: true,
    allErrors: false,
    strict: false,
    ...options,
  });
  (addFormats as unknown as (ajv: Ajv) => Ajv)(ajv);
  return ajv;
}

/** Bodies are taken as they are; what comes in the address is text and becomes the number that the schema names. */
const strict = toValidator({ coerceTypes: false });
const coercing = toValidator({ coerceTypes: 'array' });

/** A write that a browser sends with a cookie must come from our own pages. */
function refuseCrossSite(request: FastifyRequest, config: Config): void {
  if (request.method === 'GET' || request.method === 'HEAD' || request.method === 'OPTIONS') return;
  if (request.headers.cookie === undefined) return;
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    throw new AppError('CROSS_SITE', 'This change was asked for by another site and was refused.');
  }
  const origin = request.headers.origin;
  if (origin !== undefined && site === undefined) {
    const own = config.publicUrl ?? `${request.protocol}://${request.host}`;
    if (origin !== own)
      throw new AppError('CROSS_SITE', 'This change was asked for by another site and was refused.');
  }
}

export async function createHttp(config: Config, logger: FastifyBaseLogger): Promise<App> {
  const app = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: config.trustProxy,
    bodyLimit: BODY_LIMIT_BYTES,
    routerOptions: { maxParamLength: 500, ignoreTrailingSlash: true },
    // of a whole request with its body: an upload over a slow line takes its time; headers alone have a minute
    requestTimeout: 30 * 60_000,
    genReqId: () => crypto.randomUUID(),
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.setValidatorCompiler(({ schema, httpPart }) =>
    (httpPart === 'body' ? strict : coercing).compile(schema as object),
  );
  app.setErrorHandler(handleError);
  app.setNotFoundHandler((request) => {
    throw new AppError(
      'NOT_FOUND',
      `There is nothing at ${request.method} ${request.url.split('?')[0]?.slice(0, 200)}.`,
    );
  });
  await app.register(cookie);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Torv',
        version: '1',
        description: 'Everything of Torv beside SensorThings (/sta/v1.1).',
        license: { name: 'EUPL-1.2', identifier: 'EUPL-1.2' },
      },
    },
  });
  app.addHook('onRequest', async (request, reply) => {
    refuseCrossSite(request, config);
    reply.headers({
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin',
      'cross-origin-opener-policy': 'same-origin',
      'permissions-policy': 'geolocation=(self), camera=(), microphone=()',
    });
    if (config.tlsCert !== undefined || config.publicUrl?.startsWith('https://')) {
      reply.header('strict-transport-security', 'max-age=31536000');
    }
  });
  return app;
}

/**
 * The version that a write names in If-Match: `"7"` or `7`.
 * @throws AppError VERSION_MISSING, BAD_REQUEST
 */
export function getIfMatch(request: FastifyRequest): number {
  const text = request.headers['if-match'];
  if (text === undefined) {
    throw new AppError('VERSION_MISSING', 'Say which version you change: send its number as If-Match.', {
      at: 'If-Match',
    });
  }
  const match = /^(?:W\/)?"?(\d{1,9})"?$/.exec(text);
  if (!match)
    throw new AppError('BAD_REQUEST', `If-Match is "${text.slice(0, 40)}", but must be a version number.`, {
      at: 'If-Match',
    });
  return Number(match[1]);
}
