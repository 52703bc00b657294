/** "3 hours ago" with the moment itself on hover, for screen readers' <time> and in print. */
import { useFormat } from '../i18n/use-format.ts';
import { useNow } from './use-now.ts';

export function RelativeTime(props: { readonly instant: string }) {
  const format = useFormat();
  const absolute = format.moment(props.instant, 'full');
  return (
    <time className="torv-relative" dateTime={props.instant} title={absolute} data-absolute={absolute}>
      {format.relative(props.instant, useNow())}
    </time>
  );
}
