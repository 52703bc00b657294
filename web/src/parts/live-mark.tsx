/** Whether what one sees moves by itself: "Live", or that the connection is being made again. */
import { Tag } from '@digdir/designsystemet-react';
import { useText } from '../i18n/language.tsx';
import type { LiveStatus } from '../live.ts';

export function LiveMark(props: { readonly status: LiveStatus }) {
  const t = useText('shell');
  if (props.status === 'connecting') return null;
  return (
    <Tag
      className="torv-no-print"
      data-size="sm"
      data-color={props.status === 'live' ? 'accent' : 'neutral'}
      variant="outline"
    >
      {t(props.status === 'live' ? 'live' : 'live_waiting')}
    </Tag>
  );
}
