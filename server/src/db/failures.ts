/**
 * What a failed statement means for the one who sent it: try again later (the database is away or was busy),
 * look for the bad value (the data was refused), or neither. By SQLSTATE and the system's codes, never by text.
 */

const CLOSED = new Set(['CONNECTION_CLOSED', 'CONNECTION_ENDED', 'CONNECTION_DESTROYED', 'CONNECT_TIMEOUT']);
const AWAY = new Set([
  ...CLOSED,
  ...[
    'ECONNREFUSED',
    'ECONNRESET',
    'EPIPE',
    'ENOENT',
    'ENOTFOUND',
    'EAI_AGAIN',
    'ETIMEDOUT',
    'EHOSTUNREACH',
    'ENETUNREACH',
  ],
  ...['57P01', '57P02', '57P03', '25P03', '25P04'], // shutdown, crash, starting up; ended for being idle or too long
]);

/** Deadlock, serialisation failure, lock not available. */
const BUSY = new Set(['40001', '40P01', '55P03']);

export function toFailureCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** The connection itself is gone: nothing can be said on it any more. */
export function isConnectionClosed(error: unknown): boolean {
  const code = toFailureCode(error);
  return code !== undefined && (CLOSED.has(code) || code.startsWith('08'));
}

/** The connection or the server is gone; whether the last statement was done is not known. */
export function isDatabaseAway(error: unknown): boolean {
  const code = toFailureCode(error);
  return code !== undefined && (AWAY.has(code) || code.startsWith('08'));
}

/** The same statement may succeed later without anybody changing it: away, busy, out of disk or connections. */
export function isTransient(error: unknown): boolean {
  const code = toFailureCode(error);
  return (
    isDatabaseAway(error) ||
    (code !== undefined && (BUSY.has(code) || code.startsWith('53') || code === '58030'))
  );
}

/** A value in the statement was refused: wrong data (22) or a broken constraint (23). */
export function isDataError(error: unknown): boolean {
  const code = toFailureCode(error);
  return code !== undefined && /^2[23]/.test(code) && code.length === 5;
}
