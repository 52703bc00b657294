/**
 * `npm test`: everything, installing what it needs. Checks (format, lint, types, imports, unused code), unit,
 * property and integration tests over both databases, and the browser journeys (`npm run e2e`: those alone), whose
 * pictures are in artifacts/screens. What failed is named again at the end. The last line counts.
 * With CI set, a missing tool or data set is a failure; otherwise it is said plainly what was left out.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findStale } from './conformance.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const only = process.argv.slice(2);
const ci = process.env.CI !== undefined && process.env.CI !== '';

/** What the tests need beside Node: [what, is it there, Debian's packages]. */
const TOOLS = [
  ['PostgreSQL 15 or newer with PostGIS', hasPostgres, ['postgresql', 'postgresql-15-postgis-3']],
  [
    'Mosquitto with its clients',
    () => isOnPath('mosquitto') && isOnPath('mosquitto_pub'),
    ['mosquitto', 'mosquitto-clients'],
  ],
  ['Chromium', () => isOnPath('chromium') || isOnPath('google-chrome'), ['chromium']],
  ['OpenSSL', () => isOnPath('openssl'), ['openssl']],
];

function isOnPath(name) {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin'];
  return folders.some((folder) => existsSync(join(folder, name)));
}

function hasPostgres() {
  return ['15', '16', '17', '18'].some(
    (version) =>
      existsSync(`/usr/lib/postgresql/${version}/bin/initdb`) &&
      existsSync(`/usr/share/postgresql/${version}/extension/postgis.control`),
  );
}

function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, FORCE_COLOR: '0' },
      ...options,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
        process.stdout.write(chunk);
      });
    }
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/** As root on Debian or Ubuntu the missing tools are installed; elsewhere they are named. */
function installTools() {
  const missing = TOOLS.filter(([, isThere]) => !isThere());
  if (missing.length === 0) return [];
  if (process.getuid?.() === 0 && isOnPath('apt-get')) {
    const packages = missing.flatMap(([, , names]) => names);
    console.log(`Installing ${packages.join(', ')}`);
    const apt = (...args) =>
      spawnSync('apt-get', args, {
        stdio: 'ignore',
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      });
    apt('update', '-q');
    apt('install', '-y', '-q', '--no-install-recommends', ...packages);
  }
  return TOOLS.filter(([, isThere]) => !isThere()).map(([what]) => what);
}

let passed = 0;
let failed = 0;
/** Names of what failed, told again at the end: a long log hides them. */
const faults = [];

async function check(name, command, args) {
  const { code } = await run(command, args);
  if (code === 0) passed++;
  else {
    failed++;
    faults.push(name);
  }
  console.log(`${code === 0 ? 'ok    ' : 'FAILED'} ${name}\n`);
}

async function vitest(name, args) {
  const report = join(root, 'artifacts', `${name}.json`);
  const startedMs = Date.now();
  const before = faults.length;
  rmSync(report, { force: true });
  const { code } = await run('npx', [
    'vitest',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--reporter=${join(root, 'test/flaky-reporter.mjs')}`,
    `--outputFile=${report}`,
    ...args,
  ]);
  if (!existsSync(report)) {
    failed++;
    faults.push(`${name}: the tests did not run`);
    return;
  }
  const result = JSON.parse(readFileSync(report, 'utf8'));
  passed += result.numPassedTests;
  failed += result.numFailedTests;
  for (const file of result.testResults) {
    const broken = file.assertionResults.filter((test) => test.status === 'failed');
    for (const test of broken) faults.push(`${relative(root, file.name)}: ${test.fullName}`);
    // A file that could not even be loaded has no tests to count.
    if (file.status === 'failed' && file.assertionResults.length === 0) {
      failed++;
      faults.push(`${relative(root, file.name)}: the file could not be loaded`);
    }
  }
  if (code !== 0 && faults.length === before) {
    failed++;
    faults.push(`${name}: an error outside of the tests, told above`);
  }
  const stale = findStale(result);
  if (stale !== undefined) {
    failed++;
    faults.push(stale);
  }
  if (ci && result.numPendingTests > 0) {
    failed += result.numPendingTests;
    const skipped = result.testResults.flatMap((file) =>
      file.assertionResults
        .filter((test) => !['passed', 'failed'].includes(test.status))
        .map((test) => `${relative(root, file.name)}: ${test.fullName}`),
    );
    faults.push(`${name}: with CI set nothing may be skipped, but these were: ${skipped.join('; ')}`);
  }
  console.log(`${name} took ${Math.round((Date.now() - startedMs) / 1000)} s\n`);
}

mkdirSync(join(root, 'artifacts'), { recursive: true });
const wants = (name) => only.length === 0 || only.includes(name);

if (!existsSync(join(root, 'node_modules/vitest'))) {
  console.log('Installing packages');
  spawnSync('npm', ['install'], { cwd: root, stdio: 'inherit' });
}
const missing = installTools();
for (const what of missing) console.log(`${ci ? 'FAILED' : 'left out'}: ${what} is not here`);
if (ci) failed += missing.length;

if (wants('check')) {
  await check('format and lint', 'npm', ['run', '-s', 'lint']);
  await check('types', 'npm', ['run', '-s', 'types']);
  await check('imports', 'npm', ['run', '-s', 'imports']);
  await check('unused code', 'npm', ['run', '-s', 'unused']);
}
if (wants('build')) await check('build', 'npm', ['run', '-s', 'build']);
if (wants('unit')) await vitest('unit', []);
if (wants('e2e') && !missing.includes('Chromium')) {
  await vitest('e2e', ['--config', 'e2e/vitest.config.ts']);
}

for (const fault of faults) console.log(`FAILED ${fault}`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
