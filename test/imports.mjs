/**
 * The house's edges as a check (ARCHITECTURE.md, "Who may import whom"): web -> core <- server;
 * main -> app -> features -> stores and ports -> db, http. No cycles. Reads sources only and changes nothing.
 * An own reader of import lines, because the usual tool for this cannot read TypeScript 7 yet.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const FEATURE =
  /^server\/src\/(access|alerts|demo|ingest|insight|observations|opendata|operations|pilots|registry|sensorthings)\//;
const PORT = /(^|[/-])(store|port)\.ts$/;
/** What core may use beside itself. */
const CORE_LIBRARIES = new Set(['temporal-polyfill']);

const isTest = (file) => /\.(test|fixture)\.tsx?$/.test(file);

/** [why, does this edge break it?] */
const RULES = [
  [
    'core imports nothing outside itself but its few pure libraries',
    (from, to) =>
      from.startsWith('core/') && !isTest(from) && !to.startsWith('core/') && !CORE_LIBRARIES.has(to),
  ],
  ['web never imports the server', (from, to) => from.startsWith('web/') && to.startsWith('server/')],
  ['the server never imports web', (from, to) => from.startsWith('server/') && to.startsWith('web/')],
  [
    'the floor (db, http) imports no feature',
    (from, to) => /^server\/src\/(db|http)\//.test(from) && !isTest(from) && FEATURE.test(to),
  ],
  [
    'a feature meets another one only at its store or port',
    (from, to) => {
      const mine = FEATURE.exec(from)?.[1];
      const theirs = FEATURE.exec(to)?.[1];
      return mine !== undefined && theirs !== undefined && mine !== theirs && !isTest(from) && !PORT.test(to);
    },
  ],
  ['nobody imports main', (_from, to) => to === 'server/src/main.ts'],
  ['no barrel files', (_from, to) => /\/index\.tsx?$/.test(to)],
];

function filesBelow(folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.name.endsWith('.d.ts'))
    .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)));
}

/** `from '…'`, `import '…'` and `import('…')` of one file, without what stands in comments. */
function findImports(file) {
  const text = readFileSync(join(root, file), 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '');
  const names = [
    ...text.matchAll(
      /^\s*(?:import|export)\b[^'";]*?\bfrom\s+'([^']+)'|^\s*import\s+'([^']+)'|\bimport\('([^']+)'\)/gm,
    ),
  ];
  return names.map((match) => toTarget(file, match[1] ?? match[2] ?? match[3]));
}

function toTarget(file, name) {
  if (name.startsWith('.')) return relative(root, resolve(root, dirname(file), name.replace(/\?.*$/, '')));
  if (name.startsWith('@torv/core/')) return `core/src/${name.slice('@torv/core/'.length)}.ts`;
  return name;
}

function findCycle(graph) {
  const done = new Set();
  const path = [];
  const walk = (file) => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    path.push(file);
    for (const next of graph.get(file) ?? []) {
      const cycle = walk(next);
      if (cycle) return cycle;
    }
    path.pop();
    done.add(file);
    return undefined;
  };
  for (const file of graph.keys()) {
    const cycle = walk(file);
    if (cycle) return cycle;
  }
  return undefined;
}

const files = ['core/src', 'server/src', 'web/src'].flatMap(filesBelow);
const graph = new Map(files.map((file) => [file, findImports(file)]));
const faults = [];
let edges = 0;
for (const [from, targets] of graph) {
  for (const to of targets) {
    edges++;
    for (const [why, breaks] of RULES) if (breaks(from, to)) faults.push(`${from} imports ${to}: ${why}`);
    if (/^(core|server|web)\/src\//.test(to) && /\.tsx?$/.test(to) && !graph.has(to))
      faults.push(`${from} imports ${to}, which does not exist`);
  }
}
const cycle = findCycle(
  new Map([...graph].map(([file, targets]) => [file, targets.filter((to) => graph.has(to))])),
);
if (cycle) faults.push(`a cycle: ${cycle.join(' -> ')}`);
if (files.length < 100 || edges < 300)
  faults.push(`only ${files.length} files and ${edges} imports were read: the check itself is broken`);

for (const fault of faults) console.error(fault);
console.log(`${files.length} files, ${edges} imports, ${faults.length} faults`);
process.exitCode = faults.length > 0 ? 1 : 0;
