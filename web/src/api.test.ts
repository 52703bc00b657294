import { afterEach, describe, expect, test, vi } from 'vitest';
import { ApiProblem, getAnswer, getJson, sendJson, toPath } from './api.ts';

/** The far side of the socket. */
function answerWith(response: () => Response | Promise<Response>) {
  const far = vi.fn(async (_path: string, _init: RequestInit) => response());
  vi.stubGlobal('fetch', far);
  return far;
}

afterEach(() => vi.unstubAllGlobals());

describe('asking the server', () => {
  test('gives the body and the version out of the ETag', async () => {
    answerWith(() => Response.json({ id: '7' }, { headers: { etag: '"3"' } }));
    expect(await getAnswer('/api/v1/places/7')).toEqual({ body: { id: '7' }, version: 3 });
  });

  test('turns a problem document into an ApiProblem with code, place and hint', async () => {
    const document = { code: 'BAD_QUERY', detail: 'No such property.', at: 'property', hint: 'Try co2.' };
    answerWith(() => Response.json(document, { status: 400 }));
    await expect(getJson('/api/v1/x')).rejects.toMatchObject({ status: 400, ...document });
  });

  test('makes a problem of an answer that is not ours', async () => {
    answerWith(() => new Response('<html>Bad gateway</html>', { status: 502 }));
    await expect(getJson('/api/v1/x')).rejects.toMatchObject({ status: 502, code: 'UNAVAILABLE' });
    answerWith(() => new Response('<html>login</html>', { status: 200 }));
    await expect(getJson('/api/v1/x')).rejects.toBeInstanceOf(ApiProblem);
  });

  test('says unavailable when nothing answers, and lets an aborted request stay aborted', async () => {
    answerWith(() => Promise.reject(new TypeError('failed')));
    await expect(getJson('/api/v1/x')).rejects.toMatchObject({ status: 0, code: 'UNAVAILABLE' });
    answerWith(() => Promise.reject(new DOMException('stop', 'AbortError')));
    await expect(getJson('/api/v1/x')).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('sends the version that was read with a write', async () => {
    const far = answerWith(() => new Response(null, { status: 204 }));
    await sendJson('/api/v1/places/7', { method: 'PATCH', body: { name: 'A' }, version: 3 });
    expect(far.mock.calls[0]?.[1]).toMatchObject({
      method: 'PATCH',
      body: '{"name":"A"}',
      headers: { 'if-match': '"3"', 'content-type': 'application/json' },
    });
  });
});

test('a path leaves out what is not set', () => {
  expect(toPath('/api', { a: 'x y', b: null, c: undefined, d: 0 })).toBe('/api?a=x+y&d=0');
});
