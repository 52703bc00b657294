/** The landing page claims a class only when each of its requirements is the name of a test in this folder. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CLAIMS, CONFORMANCE } from '../../src/sensorthings/conformance.ts';

const texts = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.test.ts') && file !== 'claims.test.ts')
  .map((file) => readFileSync(join(import.meta.dirname, file), 'utf8'))
  .join('\n')
  // names of tests are written with these short forms
  .replace(/\$\{CLASS\}/g, 'request-data')
  .replace(/\$\{REQUIREMENT\}/g, 'resource-path/resource-path-to-entities')
  .replace(/\$\{REQ\}\//g, '');

describe('the claims of the landing page', () => {
  it.each(Object.entries(CLAIMS))('%s is shown requirement by requirement', (_class, requirements) => {
    for (const requirement of requirements) {
      const [group, entity, ...rest] = requirement.split('/');
      const byTable = `${group}/%s/${rest.join('/')}`;
      const shown =
        new RegExp(`it(\\.each\\([^]*?\\))?\\(\`${requirement}[\`:]`).test(texts) ||
        (texts.includes(byTable) && texts.includes(`['${entity}',`));
      expect([requirement, shown]).toEqual([requirement, true]);
    }
  });

  it('are these classes and no others', () => {
    expect(CONFORMANCE).toEqual(
      Object.keys(CLAIMS).map((name) => `http://www.opengis.net/spec/iot_sensing/1.1/req/${name}`),
    );
  });
});
