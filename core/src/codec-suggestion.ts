/**
 * Which codec a device profile's name probably means: "ELSYS ERS CO2 (EU868)" -> elsys/ers-co2. A suggestion for a
 * person who then looks at the readings; nothing is ever decoded by it alone.
 */

export interface CodecName {
  readonly key: string;
  readonly vendor: string;
  readonly model: string;
}

const toWords = (text: string): readonly string[] =>
  text
    .toLowerCase()
    .normalize('NFD')
    .split(/[^a-z0-9]+/)
    .filter(Boolean);

/** The codec whose model stands in the name, the longest model first; undefined when none or two fit equally. */
export function suggestCodec(name: string, codecs: readonly CodecName[]): string | undefined {
  const words = toWords(name);
  const joined = ` ${words.join(' ')} `;
  const squeezed = words.join('');
  const ranked = codecs
    .map((codec) => {
      const model = toWords(codec.model);
      const length = model.join('').length;
      const whole = length > 0 && joined.includes(` ${model.join(' ')} `);
      // "ERSCO2" and "EM300TH" are written together; three characters alone would fit by accident
      const together = length >= 4 && squeezed.includes(model.join(''));
      const vendor = toWords(codec.vendor).some((word) => words.includes(word));
      return { key: codec.key, score: whole || together ? length * 2 + (vendor ? 1 : 0) : 0 };
    })
    .filter((one) => one.score > 0)
    .sort((a, b) => b.score - a.score);
  const [best, next] = ranked;
  return best === undefined || best.score === next?.score ? undefined : best.key;
}
