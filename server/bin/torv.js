#!/usr/bin/env node
/**
 * The command `torv`, in plain JavaScript: it must run, and say what is missing, on any Node.
 * It builds the server from its sources when the build is older than they are.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Torv needs Node 20.19 or newer; this is Node ${process.versions.node}.`);
  console.error('Install a newer Node from https://nodejs.org (24 is a good choice) and try again.');
  process.exit(1);
}

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
try {
  if (existsSync(join(root, 'server/src/main.ts'))) {
    const { build } = await import('../build.mjs');
    await build();
    // Only who serves pages needs them; a broken page must not keep an operator's command from running.
    if (
      process.argv[2] === 'serve' &&
      !process.argv.includes('--help') &&
      existsSync(join(root, 'web/src'))
    ) {
      const { buildWeb } = await import('../../web/build.mjs');
      await buildWeb((text) => console.log(text));
    }
  }
  const { main } = await import(new URL('../../build/server/main.js', import.meta.url));
  process.exitCode = await main(process.argv.slice(2), root);
  // Everything is closed: what still keeps the process alive is a fault, and is told instead of waited for.
  setTimeout(() => {
    console.error(`Torv is done, but did not end by itself: ${process.getActiveResourcesInfo().join(', ')}`);
    process.exit(process.exitCode || 1);
  }, 10_000).unref();
} catch (error) {
  if (error?.code === 'ERR_MODULE_NOT_FOUND') {
    console.error('A part of Torv is not installed. Run: npm install');
    console.error(error.message);
  } else {
    console.error(error);
  }
  process.exitCode = 1;
}
