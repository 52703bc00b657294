import { expect, it } from 'vitest';
import { renderProblem, toAppError } from './errors.ts';

it('a broken rule of a schema is told in a sentence, with its place, and for words in another language', () => {
  const refused = (validation: object) =>
    renderProblem(
      toAppError(Object.assign(new Error(), { validation: [validation], validationContext: 'body' })),
    );
  expect(
    refused({
      instancePath: '/name',
      keyword: 'minLength',
      params: { limit: 1 },
      message: 'must NOT have fewer than 1 characters',
    }),
  ).toMatchObject({
    status: 400,
    code: 'BAD_BODY',
    at: 'body/name',
    detail: 'body/name: must NOT have fewer than 1 characters.',
    fault: { rule: 'minLength', limit: 1 },
  });
  expect(
    refused({
      instancePath: '',
      keyword: 'required',
      params: { missingProperty: 'kind' },
      message: 'is missing',
    }),
  ).toMatchObject({ at: 'body/kind', fault: { rule: 'required' } });
});
