/** Readings beside the raw frames they came from, newest first; older ones on demand. */
import { Button } from '@digdir/designsystemet-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { Level } from '../answers.ts';
import type { Format } from '../i18n/bound-format.ts';
import { useText } from '../i18n/language.tsx';
import { useFormat } from '../i18n/use-format.ts';
import { Code } from '../parts/code.tsx';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { Problem } from '../parts/problem.tsx';
import { Reason } from '../parts/reason.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import { Waiting } from '../parts/waiting.tsx';
import type { Frame, FrameReading } from '../registry-answers.ts';
import { framesQuery } from '../registry-data.ts';

const LEVELS: { readonly [S in Frame['state']]: Level } = {
  decoded: 'good',
  pending: 'none',
  rejected: 'poor',
  waiting: 'none',
  merged: 'none',
};

export function toReadingText(format: Format, reading: FrameReading, yes: string, no: string): string {
  const name = format.property(reading.property) + (reading.channel === 0 ? '' : ` ${reading.channel + 1}`);
  if (reading.value === null) return name;
  if (typeof reading.value === 'boolean') return `${name}: ${reading.value ? yes : no}`;
  const value = format.value(reading.property, reading.value, reading.unit);
  return `${name}: ${value}${reading.quality === 0 ? '' : ' *'}`;
}

export function Readings(props: { readonly readings: readonly FrameReading[] }) {
  const shell = useText('shell');
  const format = useFormat();
  return (
    <ul className="torv-readings torv-number">
      {props.readings.map((reading) => (
        <li key={`${reading.property} ${reading.channel} ${reading.phenomenonTime}`}>
          {toReadingText(format, reading, shell('yes'), shell('no'))}
        </li>
      ))}
    </ul>
  );
}

export function Frames(props: { readonly deviceId: string }) {
  const t = useText('devices');
  const format = useFormat();
  const query = useInfiniteQuery(framesQuery(props.deviceId));
  const frames = useMemo(() => query.data?.pages.flatMap((page) => page.frames) ?? [], [query.data]);
  const columns: readonly Column<Frame>[] = [
    {
      key: 'time',
      header: t('frame_time'),
      title: true,
      cell: (frame) => <time dateTime={frame.networkTime}>{format.moment(frame.networkTime, 'moment')}</time>,
    },
    {
      key: 'readings',
      header: t('frame_readings'),
      isText: true,
      cell: (frame) =>
        frame.readings.length > 0 ? (
          <Readings readings={frame.readings} />
        ) : (
          <span className="torv-quiet">{t('frame_nothing')}</span>
        ),
    },
    {
      key: 'payload',
      header: t('frame_payload'),
      cell: (frame) => <Code long>{frame.payload}</Code>,
    },
    {
      key: 'counter',
      header: t('frame_counter'),
      align: 'end',
      cell: (frame) => (
        <span className="torv-number">
          {`${frame.fPort}\u00a0/\u00a0${frame.fCnt ?? '–'}`}
          {frame.copies > 0 && (
            <span className="torv-quiet"> · {t('frame_copies', { count: frame.copies })}</span>
          )}
          {frame.lostBefore !== null && frame.lostBefore > 0 && (
            <span className="torv-reason">{t('frame_lost', { count: frame.lostBefore })}</span>
          )}
        </span>
      ),
    },
    {
      key: 'signal',
      header: t('frame_signal'),
      cell: (frame) => {
        const [gateway] = frame.gateways;
        const rssi = frame.rssi[0] ?? null;
        if (gateway === undefined) return null;
        return `${gateway}${rssi === null ? '' : `, ${format.number(rssi)}\u00a0dBm`}`;
      },
    },
    {
      key: 'state',
      header: t('frame_state'),
      cell: (frame) => (
        <span>
          <StateMark state={LEVELS[frame.state]} text={t(`frame_${frame.state}`)} plain />
          {frame.reason !== null && (
            <span className="torv-reason">
              <Reason text={frame.reason} />
            </span>
          )}
        </span>
      ),
    },
  ];
  return (
    <section className="torv-stack" aria-labelledby="frames">
      <h2 id="frames" className="torv-section-title">
        {t('frames_title')}
      </h2>
      {query.error && <Problem error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <Waiting lines={4} />}
      {query.data && (
        <DataTable
          caption={t('frames_title')}
          columns={columns}
          rows={frames}
          rowKey={(frame) => String(frame.id)}
          empty={<p>{t('frames_none')}</p>}
        />
      )}
      {query.hasNextPage && (
        <div>
          <Button
            variant="secondary"
            data-size="sm"
            loading={query.isFetchingNextPage}
            onClick={() => void query.fetchNextPage()}
          >
            {t('frames_older')}
          </Button>
        </div>
      )}
    </section>
  );
}
