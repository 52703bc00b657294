/** What the server says about uploaded files. */
import type { ReadingsSummary } from '@torv/core/files/readings-summary';
import type { RegistryFault, RegistryKind } from '@torv/core/files/registry-rows';
import type { DetectedFile } from '@torv/core/files/table-file';

export type ImportKind = 'readings' | RegistryKind;
export const IMPORT_KINDS: readonly ImportKind[] = ['readings', 'places', 'devices', 'groups'];

export interface Upload {
  readonly id: string;
  readonly name: string;
  readonly detected: DetectedFile;
  readonly state: 'uploaded' | 'running' | 'done' | 'failed';
  /** 0 to 1 */
  readonly progress: number;
  readonly report: unknown;
}

export interface ReadingsPreview extends ReadingsSummary {
  readonly alreadyThere: number;
}

export interface RegistryPreview {
  readonly kind: RegistryKind;
  readonly rows: number;
  readonly added: number;
  readonly changed: number;
  readonly same: number;
  readonly badLines: number;
  readonly bad: readonly (RegistryFault & { readonly line: number })[];
  readonly lines: readonly {
    readonly line: number;
    readonly key: string;
    readonly action: 'new' | 'changed';
    readonly changes: readonly {
      readonly field: string;
      readonly before: unknown;
      readonly after: unknown;
    }[];
  }[];
}

export type Preview = ReadingsPreview | RegistryPreview;

export function isReadings(preview: Preview): preview is ReadingsPreview {
  return 'readings' in preview;
}
