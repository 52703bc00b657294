/**
 * docs/conformance.md out of a test run: each requirement of OGC 18-088 with the tests that showed it, on which
 * databases. `npm run conformance` runs them and writes the page; `npm test` compares it with its own run.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const PAGE = join(root, 'docs/conformance.md');
const BASE = 'http://www.opengis.net/spec/iot_sensing/1.1/';

/** @param report vitest's JSON report. @returns the page, or undefined where no test of conformance ran */
export function renderConformance(report) {
  const requirements = new Map();
  for (const file of report.testResults) {
    if (!file.name.includes('/test/conformance/')) continue;
    for (const test of file.assertionResults) {
      const match = /(?:^|\/)(req\/[a-z0-9/-]+?)(?:: (.*))?$/s.exec(test.title);
      if (!match) continue;
      const [, requirement, what = 'as the clause has it'] = match;
      const shown = requirements.get(requirement) ?? new Map();
      requirements.set(requirement, shown);
      const kinds = shown.get(what) ?? { passed: new Set(), failed: new Set() };
      shown.set(what, kinds);
      const kind = / on (\w+)/.exec(test.ancestorTitles.join(' '))?.[1] ?? 'any database';
      kinds[test.status === 'passed' ? 'passed' : 'failed'].add(kind);
    }
  }
  if (requirements.size === 0) return undefined;
  const rows = [...requirements]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([requirement, shown]) =>
      [...shown]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([what, { passed, failed }], i) => {
          const state =
            failed.size > 0 ? `**not on ${[...failed].sort().join(', ')}**` : [...passed].sort().join(', ');
          return `| ${i === 0 ? `\`${requirement}\`` : ''} | ${what.replaceAll('|', '\\|')} | ${state} |`;
        }),
    );
  return `# Conformance

SensorThings API 1.1 (OGC 18-088) at \`/sta/v1.1\`. Made by \`npm run conformance\` out of a run of
\`server/test/conformance\`; each line is a test that has passed, on the databases named. Requirements are named as under
<${BASE}>.

| requirement | what was shown | on |
| --- | --- | --- |
${rows.join('\n')}
`;
}

/** @returns why the committed page is not what this run has shown; undefined where it is */
export function findStale(report) {
  const page = renderConformance(report);
  if (page === undefined) return undefined;
  if (existsSync(PAGE) && readFileSync(PAGE, 'utf8') === page) return undefined;
  return 'docs/conformance.md is not what this run has shown: run npm run conformance, read it, commit it';
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const output = join(root, 'artifacts/conformance.json');
  mkdirSync(dirname(output), { recursive: true });
  spawnSync(
    'npx',
    [
      'vitest',
      'run',
      'server/test/conformance',
      '--reporter=default',
      '--reporter=json',
      `--outputFile=${output}`,
    ],
    { cwd: root, stdio: 'inherit' },
  );
  const page = renderConformance(JSON.parse(readFileSync(output, 'utf8')));
  if (page === undefined) throw new Error('No test of conformance ran');
  writeFileSync(PAGE, page);
  console.log('docs/conformance.md is written');
}
