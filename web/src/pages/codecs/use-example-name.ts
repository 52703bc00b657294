/** What an example is called, in the reader's language where it is one of Torv's own; the words are loaded when they are needed. */
import { useQuery } from '@tanstack/react-query';
import { useCallback } from 'react';
import { useLanguage } from '../../i18n/language.tsx';
import { loadPart } from '../../parts/load-part.ts';

const COLUMNS = { en: 0, da: 1, sv: 2, nl: 3 } as const;

export function useExampleName(): (name: string) => string {
  const { language } = useLanguage();
  const { data } = useQuery({
    queryKey: ['example-names'],
    queryFn: async () => {
      const { EXAMPLES } = await loadPart(() => import('../../i18n/examples.ts'));
      return new Map(EXAMPLES.map((row) => [row[0], row]));
    },
    enabled: language !== 'en',
    staleTime: Number.POSITIVE_INFINITY,
  });
  return useCallback((name) => data?.get(name)?.[COLUMNS[language]] ?? name, [data, language]);
}
