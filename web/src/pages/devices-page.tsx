/** Every device with how it is doing: the sentence first, then the table; search and filter stand in the address. */
import { Button, Chip, Fieldset, Textfield } from '@digdir/designsystemet-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link as RouterLink } from '@tanstack/react-router';
import { useMemo } from 'react';
import { toCodecTitle } from '../codec-words.ts';
import { type Condition, toCondition, toDevicesSentence } from '../device-sentences.ts';
import { useText } from '../i18n/language.tsx';
import { DataTable } from '../parts/data-table.tsx';
import { Empty } from '../parts/empty.tsx';
import { PageHead } from '../parts/page-head.tsx';
import { Problem } from '../parts/problem.tsx';
import { StaffOnly } from '../parts/staff-only.tsx';
import { useDeviceWords } from '../parts/use-device-words.ts';
import { useNow } from '../parts/use-now.ts';
import { Waiting } from '../parts/waiting.tsx';
import type { Device } from '../registry-answers.ts';
import { devicesQuery } from '../registry-data.ts';
import { useOrganisation } from '../session.ts';
import { useDeviceColumns } from './device-columns.tsx';
import './device-page.css';

const route = getRouteApi('/devices');

const SHOWN = ['silent', 'battery', 'signal', 'retired'] as const;
type Shown = (typeof SHOWN)[number];

const FITS: { readonly [S in Shown | 'all']: (device: Device, condition: Condition) => boolean } = {
  all: (device) => device.state === 'claimed',
  silent: (device, { silent }) => device.state === 'claimed' && silent,
  battery: (device, { battery }) => device.state === 'claimed' && (battery === 'low' || battery === 'empty'),
  signal: (device, { signal }) => device.state === 'claimed' && signal === 'weak',
  retired: (device) => device.state === 'retired',
};

export function DevicesPage() {
  const t = useText('devices');
  return (
    <StaffOnly title={t('title')} least="viewer">
      <Devices />
    </StaffOnly>
  );
}

function Devices() {
  const words = useDeviceWords();
  const { devices: t } = words;
  const now = useNow();
  const { data, error, refetch } = useQuery({
    ...devicesQuery(useOrganisation()),
    refetchInterval: 60_000,
  });
  const some = data?.devices.some((device) => device.state !== 'waiting') ?? false;
  return (
    <>
      <PageHead
        title={t('title')}
        {...(data ? { answer: toDevicesSentence(words, data.devices, now) } : {})}
      />
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      {!data && !error && <Waiting lines={4} />}
      {data && !some && (
        <Empty
          title={t('empty_title')}
          text={t('empty_text')}
          action={
            <Button asChild>
              <RouterLink to="/inbox">{t('open_inbox')}</RouterLink>
            </Button>
          }
        />
      )}
      {data && some && <Filtered devices={data.devices} />}
    </>
  );
}

function Filtered(props: { readonly devices: readonly Device[] }) {
  const t = useText('devices');
  const now = useNow();
  const { show, q = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const titles = useText('models');
  const columns = useDeviceColumns('anywhere');
  const rows = useMemo(() => {
    const words = q.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    return props.devices.filter((device) => {
      if (!FITS[show ?? 'all'](device, toCondition(device, now))) return false;
      const text = [
        device.name,
        device.devEui,
        device.place?.name,
        device.serial,
        device.codec && toCodecTitle(titles, device.codec),
        device.codec?.key,
      ]
        .join(' ')
        .toLocaleLowerCase();
      return words.every((word) => text.includes(word));
    });
  }, [props.devices, show, q, now, titles]);
  const choose = (next: Shown | undefined) =>
    void navigate({ search: (old) => ({ ...(old.q ? { q: old.q } : {}), ...(next ? { show: next } : {}) }) });
  return (
    <>
      <div className="torv-row torv-no-print" style={{ alignItems: 'flex-end', marginBottom: '1rem' }}>
        <Textfield
          label={t('search')}
          type="search"
          data-size="sm"
          value={q}
          onChange={(event) => {
            const text = event.currentTarget.value;
            void navigate({
              search: (old) => ({ ...(old.show ? { show: old.show } : {}), ...(text ? { q: text } : {}) }),
              replace: true,
            });
          }}
        />
        <Fieldset data-size="sm">
          <Fieldset.Legend className="torv-visually-hidden">{t('show')}</Fieldset.Legend>
          <div className="torv-row" style={{ gap: '0.5rem' }}>
            <Chip.Radio name="show" checked={show === undefined} onChange={() => choose(undefined)}>
              {t('show_all')}
            </Chip.Radio>
            {SHOWN.map((one) => (
              <Chip.Radio key={one} name="show" checked={show === one} onChange={() => choose(one)}>
                {t(`show_${one}`)}
              </Chip.Radio>
            ))}
          </div>
        </Fieldset>
      </div>
      <DataTable
        caption={t('title')}
        columns={columns}
        rows={rows}
        rowKey={(device) => String(device.id)}
        initialSort={{ key: 'state', direction: 'up' }}
        empty={<p>{t('empty_filter')}</p>}
      />
    </>
  );
}
