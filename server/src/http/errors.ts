/**
 * The one place where an error becomes an answer: RFC 9457 problem+json. A client learns what and where,
 * never a stack, a query or a secret; what is nobody's fault but ours is logged with the request's id.
 */
import { AppError, ERRORS, type ErrorCode, type ErrorKind } from '@torv/core/errors';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';

const STATUS: Readonly<Record<ErrorKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  missing: 404,
  conflict: 409,
  unavailable: 503,
  bug: 500,
};

/** Where a kind's status is not the whole truth. */
const STATUS_OF_CODE: Partial<Readonly<Record<ErrorCode, number>>> = {
  VERSION_CONFLICT: 412,
  VERSION_MISSING: 428,
  TOO_LARGE: 413,
  TOO_MANY: 429,
  UNSUPPORTED_OPTION: 501,
};

export function toStatus(code: ErrorCode): number {
  return STATUS_OF_CODE[code] ?? STATUS[ERRORS[code][0]];
}

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly at?: string;
  readonly hint?: string;
  readonly instance?: string;
}

export function renderProblem(error: AppError, instance?: string): Problem & Record<string, unknown> {
  return {
    ...error.extra,
    type: `urn:torv:error:${error.code}`,
    title: ERRORS[error.code][1],
    status: toStatus(error.code),
    detail: error.detail,
    code: error.code,
    ...(error.at === undefined ? {} : { at: error.at }),
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(instance === undefined ? {} : { instance }),
  };
}

/** SQLSTATE -> what it means for the one who asked; everything else is ours. */
function fromDatabase(code: string, error: Error): AppError | undefined {
  if (code === '57014')
    return new AppError('TOO_COSTLY', 'This took too long and was ended.', {
      hint: 'Ask for less at a time.',
      cause: error,
    });
  if (
    /^(08|57P|53)/.test(code) ||
    code === 'ECONNREFUSED' ||
    code === 'CONNECTION_CLOSED' ||
    code === 'CONNECTION_ENDED' ||
    code === 'CONNECT_TIMEOUT'
  ) {
    return new AppError('DATABASE_DOWN', 'The database does not answer right now. Nothing was changed.', {
      hint: 'Try again in a moment.',
      cause: error,
    });
  }
  // Values that a type cannot hold: the schemas should have caught them first, but the far side is still at fault.
  if (/^22/.test(code))
    return new AppError('BAD_REQUEST', 'A value in the request is out of its range.', { cause: error });
  return undefined;
}

export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  const e = error as FastifyError & { code?: string };
  if (e.validation) {
    const first = e.validation[0];
    const path = `${e.validationContext ?? 'request'}${first?.instancePath ?? ''}`;
    const params = first?.params as
      | { missingProperty?: string; requiredProperties?: string[]; limit?: unknown }
      | undefined;
    const name = params?.missingProperty ?? params?.requiredProperties?.[0];
    const limit = typeof params?.limit === 'number' ? { limit: params.limit } : {};
    return new AppError(
      e.validationContext === 'body' ? 'BAD_BODY' : 'BAD_QUERY',
      `${path}${name ? `/${name}` : ''}: ${first?.message ?? 'is not valid'}.`,
      {
        at: `${path}${name ? `/${name}` : ''}`,
        // what a page needs to say it in the reader's language
        ...(first === undefined ? {} : { extra: { fault: { rule: first.keyword, ...limit } } }),
      },
    );
  }
  if (typeof e.code === 'string') {
    if (e.code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new AppError('TOO_LARGE', 'The body is too large.');
    if (e.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
      return new AppError('BAD_BODY', 'Send the body as application/json.', { at: 'content-type' });
    if (e.code === 'FST_ERR_CTP_EMPTY_JSON_BODY') return new AppError('BAD_BODY', 'The body is empty.');
    if (e.code.startsWith('FST_ERR_CTP')) return new AppError('BAD_BODY', 'The body cannot be read as JSON.');
    const known = fromDatabase(e.code, e);
    if (known) return known;
  }
  if (typeof e.statusCode === 'number' && e.statusCode >= 400 && e.statusCode < 500) {
    return new AppError('BAD_REQUEST', e.message.slice(0, 200));
  }
  return new AppError('BUG', 'Torv failed to do this. The fault is noted in the log of the server.', {
    cause: error,
  });
}

export function handleError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const known = toAppError(error);
  if (known.kind === 'bug') request.log.error({ err: error }, 'A request failed');
  else if (known.kind === 'unavailable')
    request.log.warn({ code: known.code, err: known.cause }, known.detail);
  void reply
    .status(toStatus(known.code))
    .type('application/problem+json')
    .send(renderProblem(known, request.id));
}
