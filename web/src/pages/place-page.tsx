/** One place: the answer in a sentence, then today against the rule, the last week, what is in it, how it is measured. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { PageHead } from '../parts/page-head.tsx';
import { Problem } from '../parts/problem.tsx';
import { useNow } from '../parts/use-now.ts';
import { useWords } from '../parts/use-words.ts';
import { placeQuery } from '../place-data.ts';
import { toPlaceSentence } from '../sentences.ts';

const route = getRouteApi('/places/$placeId');

export function PlacePage() {
  const { placeId } = route.useParams();
  const words = useWords();
  const now = useNow();
  const { data: place, error, refetch } = useQuery(placeQuery(placeId));
  if (error) return <Problem error={error} onRetry={() => void refetch()} />;
  if (!place) return null;
  return <PageHead title={place.name} answer={toPlaceSentence(words, place.state, now)} />;
}
