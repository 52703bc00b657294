/** People and keys for tests: made through the application's own doors, as far as these exist. */
import { createFirstAdministratorLink } from '../src/access/first-administrator.ts';
import type { TestApp } from './app.ts';

/** Long, and in no list. */
export const PASSWORD = 'kobber lanterne syv bakker';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | number | undefined>>;
  readonly body: Readonly<Record<string, unknown>>;
  readonly text: string;
}

export interface Ask {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** The token of a session. */
  readonly session?: string | undefined;
  readonly version?: number;
  readonly address?: string;
}

export async function ask(
  test: TestApp,
  method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE',
  url: string,
  options: Ask = {},
): Promise<Answer> {
  const response = await test.app.inject({
    method,
    url,
    headers: {
      ...(options.session === undefined ? {} : { cookie: `torv_session=${options.session}` }),
      ...(options.version === undefined ? {} : { 'if-match': `"${options.version}"` }),
      ...options.headers,
    },
    ...(options.body === undefined ? {} : { payload: options.body as object }),
    ...(options.address === undefined ? {} : { remoteAddress: options.address }),
  });
  const isJson = String(response.headers['content-type']).includes('json');
  return {
    status: response.statusCode,
    headers: response.headers,
    body: isJson ? response.json() : {},
    text: response.body,
  };
}

/** The token that an answer sets, or undefined. */
export function toSession(answer: Answer): string | undefined {
  const cookie = [answer.headers['set-cookie']]
    .flat()
    .find((text) => String(text).startsWith('torv_session='));
  return /^torv_session=([^;]+)/.exec(String(cookie ?? ''))?.[1];
}

export function toSecret(link: unknown): string {
  const secret = String(link).split('#')[1];
  if (secret === undefined) throw new Error(`There is no secret in ${String(link)}`);
  return secret;
}

export function expectStatus(answer: Answer, status: number): Answer {
  if (answer.status !== status) throw new Error(`Expected ${status}, got ${answer.status}: ${answer.text}`);
  return answer;
}

export interface Person {
  readonly id: number;
  readonly email: string;
  readonly session: string;
}

export interface Founded extends Person {
  readonly organisationId: number;
}

/** The first administrator, with an organisation of his own. */
export async function found(test: TestApp, name = 'Skæring Kommune'): Promise<Founded> {
  const link = await createFirstAdministratorLink(test.database.sql, test.config, test.now);
  const answer = expectStatus(
    await ask(test, 'POST', '/api/v1/links/first-administrator', {
      body: {
        secret: toSecret(link),
        email: 'first@skaering.example',
        name: 'First administrator',
        password: PASSWORD,
        organisation: { name, country: 'DK', timeZone: 'Europe/Copenhagen', locale: 'da' },
      },
    }),
    201,
  );
  const body = answer.body as {
    user: { id: number; email: string };
    organisations: { id: number; role: string }[];
  };
  const session = toSession(answer);
  const own = body.organisations.find((one) => one.role === 'administrator');
  if (session === undefined || own === undefined)
    throw new Error(`No session or organisation: ${answer.text}`);
  return { id: body.user.id, email: body.user.email, session, organisationId: own.id };
}

/** Invited by `by`, accepted, signed in. */
export async function join(
  test: TestApp,
  by: string,
  organisationId: number,
  role: string,
  email: string,
): Promise<Person> {
  const invited = expectStatus(
    await ask(test, 'POST', `/api/v1/users?organisation=${organisationId}`, {
      session: by,
      body: { email, role },
    }),
    201,
  );
  const answer = expectStatus(
    await ask(test, 'POST', '/api/v1/links/invitation', {
      body: { secret: toSecret(invited.body.link), name: `The ${role}`, password: PASSWORD },
    }),
    201,
  );
  const session = toSession(answer);
  if (session === undefined) throw new Error('No session');
  return { id: (answer.body as { user: { id: number } }).user.id, email, session };
}
