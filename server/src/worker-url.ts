/**
 * Where a worker thread's file is, in both worlds: beside main.js in production (build/server), and in the same
 * folder when the TypeScript sources themselves run (tests), where server/build.mjs has made it beforehand.
 */
export function toWorkerUrl(name: `${string}-worker`): URL {
  const isSource = import.meta.url.endsWith('.ts');
  return new URL(isSource ? `../../build/server/${name}.js` : `./${name}.js`, import.meta.url);
}
