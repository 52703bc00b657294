/** Runs a script over examples in the sandbox, before it is installed and on the codec bench. Writes nothing. */
import { type CodecVector, EXAMPLE_TIME, toVectorResult, type VectorResult } from '@torv/core/codec-vectors';
import type { FieldMapping } from '@torv/core/mapping';
import type { Decoder } from '../ingest/decode/port.ts';
import { toScriptHash } from './codec-store.ts';

export async function checkVectors(
  decoder: Decoder,
  tenant: string,
  script: string,
  vectors: readonly CodecVector[],
  mapping: readonly FieldMapping[],
): Promise<readonly VectorResult[]> {
  if (vectors.length === 0) return [];
  const key = `${tenant}:${toScriptHash(script)}`;
  const outcomes = await decoder.decode(
    vectors.map((v) => ({
      codec: { key, script },
      fPort: v.fPort,
      bytes: v.bytes.toLowerCase(),
      recvTime: v.recvTime ?? EXAMPLE_TIME,
    })),
  );
  return vectors.map((vector, i) => {
    const outcome = outcomes[i];
    if (outcome?.kind === 'decoded') return toVectorResult(vector, { data: outcome.data }, mapping);
    return toVectorResult(
      vector,
      { errors: outcome?.kind === 'failed' ? outcome.errors : [outcome?.reason ?? 'no answer'] },
      mapping,
    );
  });
}
