/** Choosing what a device is: all codecs by maker and model, a suggested one first and named as a suggestion. */
import { useQuery } from '@tanstack/react-query';
import { useCallback, useMemo } from 'react';
import { toCodecTitle } from '../codec-words.ts';
import { useLocale, useText } from '../i18n/language.tsx';
import { Choice } from '../parts/choice.tsx';
import type { CodecChoice } from '../registry-answers.ts';
import { codecsQuery } from '../registry-data.ts';
import { useOrganisation } from '../session.ts';

/** One per key; the organisation's own hides the shipped one. */
export function useCodecs(): readonly CodecChoice[] {
  const locale = useLocale();
  const toName = useCodecName();
  const { data } = useQuery(codecsQuery(useOrganisation()));
  return useMemo(() => {
    const byKey = new Map<string, CodecChoice>();
    for (const codec of data?.codecs ?? []) {
      if (codec.origin !== 'shipped' || !byKey.has(codec.key)) byKey.set(codec.key, codec);
    }
    const collator = new Intl.Collator(locale, { numeric: true, sensitivity: 'base' });
    return [...byKey.values()].sort((a, b) => collator.compare(toName(a), toName(b)));
  }, [data, locale, toName]);
}

export function useCodecName(): (codec: CodecChoice) => string {
  const t = useText('models');
  return useCallback((codec) => `${codec.vendor} ${codec.model}: ${toCodecTitle(t, codec)}`, [t]);
}

interface CodecChoiceFieldProps {
  readonly value: string;
  readonly suggested?: string | null;
  readonly none?: string;
  readonly error?: string | undefined;
  readonly onChange: (key: string) => void;
}

export function CodecChoiceField(props: CodecChoiceFieldProps) {
  const t = useText('devices');
  const toName = useCodecName();
  const codecs = useCodecs();
  const suggested = codecs.find((codec) => codec.key === props.suggested);
  const rest = codecs.filter((codec) => codec !== suggested);
  return (
    <Choice
      label={t('field_codec')}
      help={t('field_codec_help')}
      none={props.none ?? t('field_codec_choose')}
      value={props.value}
      error={props.error}
      options={[
        ...(suggested
          ? [
              {
                value: suggested.key,
                text: t('field_codec_suggested', { title: toName(suggested) }),
              },
            ]
          : []),
        ...rest.map((codec) => ({ value: codec.key, text: toName(codec) })),
      ]}
      onChange={props.onChange}
    />
  );
}
