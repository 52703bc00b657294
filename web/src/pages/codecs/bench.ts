/** What lies on the codec bench: the texts that somebody edits, and reading them. Pure: no React, no server. */
import { AppError } from '@torv/core/errors';
import type { Codec, CodecVersion } from '../../codec-data.ts';

const TEMPLATE = `function decodeUplink(input) {
  // input.bytes, input.fPort, input.recvTime
  var bytes = input.bytes;
  return {
    data: {
      temperature: ((bytes[0] << 8) | bytes[1]) / 10
    }
  };
}
`;

export interface Bench {
  readonly key: string;
  readonly vendor: string;
  readonly model: string;
  readonly title: string;
  readonly note: string;
  readonly script: string;
  readonly mapping: string;
  readonly vectors: string;
  readonly fPort: string;
  readonly bytes: string;
  readonly time: string;
}

export const toJson = (value: unknown) => JSON.stringify(value, null, 2);

export function toBench(codec: Codec | undefined, current: CodecVersion | undefined): Bench {
  const first = (current?.vectors[0] ?? {}) as { fPort?: number; bytes?: string; recvTime?: string };
  return {
    key: codec?.key ?? '',
    vendor: codec?.vendor ?? '',
    model: codec?.model ?? '',
    title: codec?.title ?? '',
    note: '',
    script: current?.script ?? TEMPLATE,
    mapping: toJson(current?.description.mapping ?? []),
    vectors: toJson(current?.vectors ?? []),
    fPort: String(first.fPort ?? 1),
    bytes: first.bytes ?? '00c8',
    time: first.recvTime ?? '2026-01-15T12:00:00Z',
  };
}

export interface ListFault {
  readonly what: 'no_json' | 'no_list' | 'no_mapping';
  /** As the parser said it, in English. */
  readonly exact: string;
}

export interface ReadList<T> {
  readonly list: readonly T[] | undefined;
  readonly fault: ListFault | undefined;
}

export function readList<T>(text: string, parse: (list: readonly unknown[]) => readonly T[]): ReadList<T> {
  const wrong = (what: ListFault['what'], exact: string) => ({ list: undefined, fault: { what, exact } });
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch (error) {
    return wrong('no_json', (error as Error).message);
  }
  if (!Array.isArray(list)) return wrong('no_list', '');
  try {
    return { list: parse(list), fault: undefined };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return wrong('no_mapping', error.at === undefined ? error.detail : `${error.detail} (${error.at})`);
  }
}

export const HEX = /^([0-9a-f]{2}){0,242}$/i;

/** Hexadecimal as people paste it: with spaces, colons or dashes between the bytes. */
export function toBareHex(text: string): string {
  return text.replace(/[\s:-]/g, '');
}
