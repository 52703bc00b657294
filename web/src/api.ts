/**
 * The one way from a page to the server: same origin, JSON, and a failure is always an ApiProblem that can be
 * shown in words. Never retries a write by itself and never swallows a failure.
 */
import { ERRORS, type ErrorCode } from '@torv/core/errors';
import type { ProblemDocument } from './answers.ts';

/** No answer at all is a problem too, with the code UNAVAILABLE and status 0. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
  readonly at: string | undefined;
  readonly hint: string | undefined;
  /** All members of the problem document, e.g. `current` of a version conflict. */
  readonly document: Readonly<Record<string, unknown>>;

  constructor(status: number, document: ProblemDocument & Readonly<Record<string, unknown>>) {
    super(document.detail ?? document.title ?? `HTTP ${status}`);
    this.name = 'ApiProblem';
    this.status = status;
    this.code = toCode(status, document.code);
    this.detail = document.detail ?? '';
    this.at = document.at;
    this.hint = document.hint;
    this.document = document;
  }
}

function toCode(status: number, code: unknown): ErrorCode {
  if (typeof code === 'string' && Object.hasOwn(ERRORS, code)) return code as ErrorCode;
  if (status === 401) return 'SIGNED_OUT';
  if (status === 403) return 'FORBIDDEN';
  if (status === 404) return 'NOT_FOUND';
  if (status === 412) return 'VERSION_CONFLICT';
  if (status === 413) return 'TOO_LARGE';
  if (status === 429) return 'TOO_MANY';
  if (status >= 400 && status < 500) return 'BAD_REQUEST';
  return status === 500 ? 'BUG' : 'UNAVAILABLE';
}

export interface Answer<T> {
  readonly body: T;
  /** The row's version out of the ETag, to be given back as `version` with a write. */
  readonly version: number | null;
}

interface Writing {
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly body?: unknown;
  /** What was read; sent as If-Match, so that nobody's change is overwritten unseen. */
  readonly version?: number;
  readonly signal?: AbortSignal;
}

/** `const place = await getJson<Place>('/api/v1/places/7', signal)` */
export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await getAnswer<T>(path, signal)).body;
}

export async function getAnswer<T>(path: string, signal?: AbortSignal): Promise<Answer<T>> {
  return call<T>(path, { headers: { accept: 'application/json' }, signal: signal ?? null });
}

/** `await sendJson<Place>('/api/v1/places/7', { method: 'PATCH', body, version: place.version })` */
export async function sendJson<T>(path: string, writing: Writing): Promise<Answer<T>> {
  const headers: Record<string, string> = { accept: 'application/json', 'content-type': 'application/json' };
  if (writing.version !== undefined) headers['if-match'] = `"${writing.version}"`;
  return call<T>(path, {
    method: writing.method,
    headers,
    body: JSON.stringify(writing.body ?? {}),
    signal: writing.signal ?? null,
  });
}

/** A file as it is; the address says whose it is and what it is called. */
export async function sendFile<T>(path: string, file: Blob): Promise<T> {
  const headers = { accept: 'application/json', 'content-type': 'application/octet-stream' };
  return (await call<T>(path, { method: 'POST', headers, body: file })).body;
}

async function call<T>(path: string, init: RequestInit): Promise<Answer<T>> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, credentials: 'same-origin' });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ApiProblem(0, { code: 'UNAVAILABLE' });
  }
  const body = await readJson(response);
  if (!response.ok) throw new ApiProblem(response.status, isRecord(body) ? body : {});
  return { body: body as T, version: toVersion(response.headers.get('etag')) };
}

async function readJson(response: Response): Promise<unknown> {
  const text = await response.text();
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    if (response.ok) throw new ApiProblem(response.status, { code: 'UNAVAILABLE' });
    return null; // a proxy's own error page: the status says enough
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function toVersion(etag: string | null): number | null {
  const match = etag === null ? null : /^(?:W\/)?"(\d+)"$/.exec(etag);
  return match ? Number(match[1]) : null;
}

/** A path with its query; undefined and null values are left out. */
export function toPath(
  path: string,
  query: Readonly<Record<string, string | number | null | undefined>>,
): string {
  const entries = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  const text = new URLSearchParams(entries.map(([key, value]) => [key, String(value)])).toString();
  return text === '' ? path : `${path}?${text}`;
}

/** The first word of each key is what a write invalidates. Builders add their own rows. */
export const queryKeys = {
  session: ['session'] as const,
  places: (organisationId: number | '') => ['places', organisationId] as const,
  // an address has text where an answer has a number: both must find the same entry
  place: (placeId: string | number) => ['place', String(placeId)] as const,
  placeSeries: (placeId: string | number) => ['series', String(placeId)] as const,
  series: (placeId: string | number, property: string, from: string, to: string) =>
    ['series', String(placeId), property, from, to] as const,
  ground: (organisationId: number | '') => ['ground', organisationId] as const,
};
