// The edges of ARCHITECTURE.md as a check: web -> core <- server; main -> app -> features -> stores -> db, http.
const FEATURES =
  '(registry|ingest|observations|sensorthings|insight|alerts|pilots|opendata|access|operations|demo)';

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'core-is-pure',
      comment: 'core imports nothing outside itself but its few pure libraries',
      severity: 'error',
      from: { path: '^core/src', pathNot: '\\.test\\.ts$' },
      to: { pathNot: ['^core/src', 'node_modules/temporal-polyfill', 'node_modules/temporal-'] },
    },
    { name: 'web-and-server-apart', severity: 'error', from: { path: '^web' }, to: { path: '^server' } },
    { name: 'server-and-web-apart', severity: 'error', from: { path: '^server' }, to: { path: '^web' } },
    {
      name: 'floor-imports-no-feature',
      severity: 'error',
      from: { path: '^server/src/(db|http)/', pathNot: '\\.test\\.ts$' },
      to: { path: `^server/src/${FEATURES}/` },
    },
    {
      name: 'a-feature-meets-another-only-at-its-store-or-port',
      severity: 'error',
      from: { path: `^server/src/${FEATURES}/`, pathNot: '\\.test\\.ts$' },
      to: {
        path: `^server/src/${FEATURES}/`,
        pathNot: ['^server/src/$1/', '/(store|port)\\.ts$', '/[a-z-]+-(store|port)\\.ts$'],
      },
    },
    {
      name: 'nobody-imports-main',
      severity: 'error',
      from: { path: '^server/src', pathNot: '\\.test\\.ts$' },
      to: { path: '^server/src/main\\.ts$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    parser: 'swc',
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'types'] },
  },
};
