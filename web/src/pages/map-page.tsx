/** The start page: the town in one sentence, the map, and the same places as a list in the same order. */
import { useQuery } from '@tanstack/react-query';
import { useText } from '../i18n/language.tsx';
import { LiveMark } from '../parts/live-mark.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { Problem } from '../parts/problem.tsx';
import { useWords } from '../parts/use-words.ts';
import { placesQuery, useLivePlaces } from '../place-data.ts';
import { toTownSentence } from '../sentences.ts';
import { useOrganisation } from '../session.ts';

export function MapPage() {
  const t = useText('places');
  const words = useWords();
  const organisation = useOrganisation();
  const live = useLivePlaces(organisation);
  const { data, error, refetch } = useQuery(placesQuery(organisation));
  return (
    <>
      <PageHead
        title={t('map_title')}
        mark={<LiveMark status={live} />}
        {...(data ? { answer: toTownSentence(words, data.places) } : {})}
      />
      {error && <Problem error={error} onRetry={() => void refetch()} />}
    </>
  );
}
