/** What a run leaves behind: built things, never in the repository. The pictures are emptied at its start. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ARTIFACTS = fileURLToPath(new URL('../artifacts', import.meta.url));
export const PICTURES = join(ARTIFACTS, 'screens');
