/** Where the pictures of a run go; emptied at its start. Built things, never in the repository. */
import { fileURLToPath } from 'node:url';

export const PICTURES = fileURLToPath(new URL('../artifacts/screens', import.meta.url));
