/**
 * `torv codec import`: a codec file with its examples, or one device out of a technician's own checkout in the
 * form of The Things Network's device repository. Examples that fail are told before anything is installed.
 */
import { readFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type CodecVector, parseCodecVectors } from '@torv/core/codec-vectors';
import { AppError } from '@torv/core/errors';
import { toFieldSuggestions } from '@torv/core/field-suggestions';
import { parseFieldMappings } from '@torv/core/mapping';
import { parse as parseYaml } from 'yaml';
import { SYSTEM } from '../access/port.ts';
import type { Sql } from '../db/database.ts';
import type { Decoder } from '../ingest/decode/port.ts';
import { checkVectors } from './codec-check.ts';
import { type CodecInput, installCodec } from './codec-store.ts';
import { ensureOrganisation } from './organisation-store.ts';

interface CodecContext {
  readonly runtime: { readonly database: { readonly sql: Sql }; readonly tryDecoder: Decoder };
  readonly args: readonly string[];
  readonly cwd: string;
  readonly output: { line(text: string): void; error(text: string): void };
}

const HELP = `torv codec import FILE.js --organisation ORG --key vendor/model [--vectors FILE.json] [--model FILE.json]
torv codec import --repository DIR vendor/device --organisation ORG

Installs a TS013 codec (decodeUplink, or the older Decoder or Decode) after its examples have run.
  --vectors          examples: [{name, fPort, bytes, data | errors}], strict JSON
  --model            description with power, expectedIntervalS and mapping, as beside Torv's own codecs
  --repository       folder of your own checkout in the form of The Things Network's device repository
  --accept-failures  install although examples fail`;

export const codecCommand = {
  name: 'codec',
  summary: 'Install a codec with its examples',
  help: HELP,
  async run({ runtime, args, cwd, output }: CodecContext): Promise<number> {
    const { values, positionals } = parseCodecArgs(args);
    const [verb, what] = positionals;
    if (verb !== 'import' || what === undefined || values.organisation === undefined) {
      output.error(HELP);
      return 2;
    }
    const input =
      values.repository === undefined
        ? await readCodecFiles(cwd, what, values.key, values.vectors, values.model)
        : await readRepository(resolve(cwd, values.repository), what);
    const mapping = parseFieldMappings(input.description.mapping ?? []);
    const vectors = parseCodecVectors(input.vectors);
    const results = await checkVectors(
      runtime.tryDecoder,
      `import-${input.key}`,
      input.script,
      vectors,
      mapping,
    );
    const failed = results.filter((result) => !result.passed);
    output.line(`${results.length - failed.length} of ${results.length} examples pass.`);
    for (const result of failed) output.error(`  ${result.name}: ${result.differences.join('; ')}`);
    if (failed.length > 0 && values['accept-failures'] !== true) {
      output.error('Nothing was installed. Mend the codec or its examples, or add --accept-failures.');
      return 1;
    }
    const organisation = await ensureOrganisation(runtime.database.sql, SYSTEM, values.organisation);
    const { codec, added } = await runtime.database.sql.begin((tx) =>
      installCodec(tx, SYSTEM, organisation.id, 'imported', input),
    );
    output.line(
      added
        ? `Installed ${codec.key} version ${codec.currentVersion} for ${organisation.name}.`
        : `${codec.key} is there already, unchanged.`,
    );
    if (mapping.length === 0) suggest(results.find((r) => r.data !== undefined)?.data, output);
    return 0;
  },
} as const;

/** Without a mapping a codec yields no readings: what its fields may be, for a person to confirm on the codec bench. */
function suggest(data: unknown, output: { line(text: string): void }): void {
  output.line(
    'It has no mapping yet, so it yields no readings. Confirm on the codec bench what its fields are:',
  );
  for (const s of data === undefined ? [] : toFieldSuggestions(data)) {
    if (s.kind === 'not-a-reading') continue;
    output.line(
      `  ${s.field} = ${JSON.stringify(s.value)}: ${s.candidates.map((c) => `${c.property} in ${c.unit}`).join(' or ') || 'unknown'}`,
    );
  }
}

function parseCodecArgs(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        organisation: { type: 'string' },
        key: { type: 'string' },
        vectors: { type: 'string' },
        model: { type: 'string' },
        repository: { type: 'string' },
        'accept-failures': { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new AppError(
      'BAD_REQUEST',
      (error as Error).message.split('. ')[0] ?? 'The options are not right.',
      { hint: HELP },
    );
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new AppError('BAD_FILE', `The file ${path} cannot be read.`, { cause: error });
  }
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readText(path));
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError('BAD_FILE', `${path} is not JSON: ${(error as Error).message}`);
  }
}

async function readCodecFiles(
  cwd: string,
  file: string,
  key: string | undefined,
  vectors: string | undefined,
  model: string | undefined,
): Promise<CodecInput> {
  const description =
    model === undefined ? {} : ((await readJson(resolve(cwd, model))) as Record<string, unknown>);
  const wanted = key ?? (typeof description.key === 'string' ? description.key : undefined);
  if (wanted === undefined)
    throw new AppError('BAD_REQUEST', 'The codec needs a key.', { hint: 'Add --key vendor/model.' });
  const [vendor = '', name = ''] = wanted.split('/');
  const { key: _key, vendor: maker, model: modelName, title, ...rest } = description;
  return {
    key: toKey(vendor, name),
    vendor: typeof maker === 'string' ? maker : vendor,
    model: typeof modelName === 'string' ? modelName : name,
    title: typeof title === 'string' ? title : wanted,
    script: await readText(resolve(cwd, file)),
    description: { mapping: [], ...rest },
    vectors: vectors === undefined ? [] : ((await readJson(resolve(cwd, vectors))) as unknown[]),
  };
}

function toKey(vendor: string, name: string): string {
  const clean = (text: string) =>
    text
      .toLowerCase()
      .replace(/[^a-z0-9._-]+/g, '-')
      .replace(/^[^a-z0-9]+|-+$/g, '');
  return `${clean(vendor)}/${clean(name)}`;
}

interface RepositoryDevice {
  readonly name?: string;
  readonly description?: string;
  readonly firmwareVersions?: readonly {
    readonly profiles?: Readonly<Record<string, { readonly codec?: string }>>;
  }[];
}

interface RepositoryExample {
  readonly description?: string;
  readonly input?: {
    readonly fPort?: number;
    readonly bytes?: readonly number[];
    readonly recvTime?: string;
  };
  readonly output?: { readonly data?: unknown; readonly errors?: readonly string[] };
}

interface RepositoryCodec {
  readonly uplinkDecoder?: { readonly fileName?: string; readonly examples?: readonly RepositoryExample[] };
}

/** One device: vendor/<vendor>/<device>.yaml -> its newest firmware's codec -> script and examples. */
async function readRepository(root: string, what: string): Promise<CodecInput> {
  const [vendor = '', device = ''] = what.split('/');
  const folder = join(root, 'vendor', vendor);
  const inside = (name: string) => {
    const path = resolve(folder, name);
    // A file name out of somebody's YAML must not lead elsewhere on the disk.
    if (relative(folder, path).startsWith('..'))
      throw new AppError('BAD_FILE', `"${name}" leads out of the vendor's folder.`);
    return path;
  };
  const described = parseYaml(await readText(inside(`${device}.yaml`)), {
    maxAliasCount: 50,
  }) as RepositoryDevice;
  const codecName = described.firmwareVersions
    ?.toReversed()
    .flatMap((f) => Object.values(f.profiles ?? {}))
    .find((p) => p.codec !== undefined)?.codec;
  if (codecName === undefined) throw new AppError('BAD_FILE', `${what} names no codec.`);
  const codec = parseYaml(await readText(inside(`${codecName}.yaml`)), {
    maxAliasCount: 50,
  }) as RepositoryCodec;
  const fileName = codec.uplinkDecoder?.fileName;
  if (fileName === undefined) throw new AppError('BAD_FILE', `${codecName} has no uplink decoder.`);
  return {
    key: toKey(vendor, device),
    vendor,
    model: described.name ?? device,
    title: (described.description ?? described.name ?? what).slice(0, 200),
    script: await readText(inside(fileName)),
    description: { mapping: [] },
    vectors: (codec.uplinkDecoder?.examples ?? []).map(toVector),
  };
}

function toVector(example: RepositoryExample, i: number): CodecVector {
  const errors = example.output?.errors;
  return {
    name: example.description ?? `Example ${i + 1}`,
    fPort: example.input?.fPort ?? 1,
    bytes: Buffer.from(example.input?.bytes ?? []).toString('hex'),
    ...(example.input?.recvTime === undefined ? {} : { recvTime: example.input.recvTime }),
    ...(errors !== undefined && errors.length > 0 ? { errors } : { data: example.output?.data ?? {} }),
  };
}
