/** What arrived and what was lost, day by day, by the device's own counter: the finding as title, the numbers one click away. */
import { Details } from '@digdir/designsystemet-react';
import { DataTable } from '../parts/data-table.tsx';
import { useDeviceWords } from '../parts/use-device-words.ts';
import type { DeliveryDay } from '../registry-answers.ts';
import { toDuration } from '../sentences.ts';

export function Delivery(props: { readonly days: readonly DeliveryDay[] }) {
  const { devices: t, places, format } = useDeviceWords();
  const { days } = props;
  if (days.length === 0) return null;
  const heard = days.reduce((sum, day) => sum + day.frames, 0);
  const lost = days.reduce((sum, day) => sum + day.lost, 0);
  const longestS = Math.max(...days.map((day) => day.longestGapS));
  const most = Math.max(...days.map((day) => day.frames + day.lost), 1);
  const total = format.number(heard + lost);
  const duration = (seconds: number) => toDuration(places, seconds / 60);
  const dayOf = (day: DeliveryDay) => `${day.day.slice(0, 10)}T12:00:00Z`;
  return (
    <section className="torv-stack" aria-labelledby="delivery">
      <figure className="torv-delivery">
        <figcaption>
          <h2 id="delivery" className="torv-section-title">
            {lost === 0
              ? t('delivery_all', { total })
              : t('delivery_title', { lost: format.number(lost), total })}
          </h2>
          <p className="torv-quiet">{t('delivery_subtitle', { gap: duration(longestS) })}</p>
        </figcaption>
        <div aria-hidden="true">
          <div className="torv-bars">
            {days.map((day) => (
              <div key={day.day} className="torv-bar" title={format.moment(dayOf(day), 'day')}>
                <span data-part="lost" style={{ height: `${(100 * day.lost) / most}%` }} />
                <span data-part="heard" style={{ height: `${(100 * day.frames) / most}%` }} />
              </div>
            ))}
          </div>
          <div className="torv-bar-days torv-quiet torv-number">
            {days.map((day) => (
              <span key={day.day}>{Number(day.day.slice(8, 10))}</span>
            ))}
          </div>
          <p className="torv-row torv-quiet">
            <span>
              <i className="torv-key" data-part="heard" />
              {t('delivery_heard')}
            </span>
            <span>
              <i className="torv-key" data-part="lost" />
              {t('delivery_lost')}
            </span>
          </p>
        </div>
      </figure>
      <Details>
        <Details.Summary>{t('delivery_table')}</Details.Summary>
        <Details.Content>
          <DataTable
            caption={t('delivery_heard')}
            rows={days}
            rowKey={(day) => day.day}
            initialSort={{ key: 'day', direction: 'down' }}
            columns={[
              {
                key: 'day',
                header: t('delivery_day'),
                title: true,
                sortValue: (day) => day.day,
                cell: (day) => format.moment(dayOf(day), 'day'),
              },
              {
                key: 'heard',
                header: t('delivery_heard'),
                align: 'end',
                sortValue: (day) => day.frames,
                cell: (day) => format.number(day.frames),
              },
              {
                key: 'lost',
                header: t('delivery_lost'),
                align: 'end',
                sortValue: (day) => day.lost,
                cell: (day) => format.number(day.lost),
              },
              {
                key: 'gap',
                header: t('delivery_gap'),
                align: 'end',
                sortValue: (day) => day.longestGapS,
                cell: (day) => (day.longestGapS === 0 ? null : duration(day.longestGapS)),
              },
            ]}
          />
        </Details.Content>
      </Details>
    </section>
  );
}
