/**
 * Every failure a person or a program can meet, as one closed table.
 * A code is never reused with another meaning; docs/errors.md is tested against this table.
 * This file never knows about HTTP: server/src/http/errors.ts turns a kind into a status.
 */

export type ErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'missing'
  | 'conflict'
  | 'unavailable'
  | 'bug';

/** code -> [kind, title]. The title is the same for every occurrence (RFC 9457, 3.1.3). */
export const ERRORS = {
  BAD_REQUEST: ['invalid', 'The request is not valid'],
  BAD_BODY: ['invalid', 'The body is not valid'],
  BAD_QUERY: ['invalid', 'The query is not valid'],
  BAD_PATH: ['invalid', 'The path is not valid'],
  UNSUPPORTED_OPTION: ['invalid', 'This option is not supported'],
  BAD_UPLINK: ['invalid', 'The uplink message is not valid'],
  BAD_CODEC: ['invalid', 'The codec is not usable'],
  BAD_FILE: ['invalid', 'The file cannot be read as said'],
  BAD_CONFIG: ['invalid', 'The configuration is not valid'],
  TOO_LARGE: ['invalid', 'The content is too large'],
  TOO_COSTLY: ['invalid', 'The query is too costly'],
  NOT_PUBLIC: ['forbidden', 'This cannot be made public yet'],
  SIGNED_OUT: ['unauthenticated', 'Sign in first'],
  BAD_CREDENTIALS: ['unauthenticated', 'The sign-in details are not right'],
  BAD_KEY: ['unauthenticated', 'The key is missing or not valid'],
  LINK_USED: ['forbidden', 'This link is used, expired or revoked'],
  FORBIDDEN: ['forbidden', 'You may not do this'],
  CROSS_SITE: ['forbidden', 'The request comes from another site'],
  TOO_MANY: ['unavailable', 'Too many attempts'],
  NOT_FOUND: ['missing', 'There is no such thing'],
  VERSION_CONFLICT: ['conflict', 'Somebody else changed this meanwhile'],
  VERSION_MISSING: ['conflict', 'Say which version you change'],
  IN_USE: ['conflict', 'Something else depends on this'],
  OVERLAP: ['conflict', 'The periods overlap'],
  EXISTS: ['conflict', 'This exists already'],
  DATA_IN_USE: ['conflict', 'Another process uses this data folder'],
  UNAVAILABLE: ['unavailable', 'This is not available right now'],
  DATABASE_DOWN: ['unavailable', 'The database does not answer'],
  BUG: ['bug', 'Something went wrong in Torv'],
} as const satisfies Record<string, readonly [ErrorKind, string]>;

export type ErrorCode = keyof typeof ERRORS;

export interface ErrorPlace {
  /** Where in the input: a JSON pointer, a line, a character position or an option's name. */
  readonly at?: string;
  /** What the reader can do next. */
  readonly hint?: string;
  /** Machine-readable members added to the problem document, e.g. the other text of a version conflict. */
  readonly extra?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** The one exception of Torv. `detail` is one sentence in the user's words; it never holds a secret. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly detail: string;
  readonly at: string | undefined;
  readonly hint: string | undefined;
  readonly extra: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, detail: string, place: ErrorPlace = {}) {
    super(`${code}: ${detail}`, place.cause === undefined ? undefined : { cause: place.cause });
    this.name = 'AppError';
    this.code = code;
    this.detail = detail;
    this.at = place.at;
    this.hint = place.hint;
    this.extra = place.extra;
  }

  get kind(): ErrorKind {
    return ERRORS[this.code][0];
  }
}
