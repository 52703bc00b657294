/** Everything out again: readings of a place and period, and the lists of the registry. The browser saves the stream. */
import { Button, Heading } from '@digdir/designsystemet-react';
import { useQuery } from '@tanstack/react-query';
import { PROPERTIES, PROPERTY_KEYS } from '@torv/core/properties';
import { useState } from 'react';
import type { Organisation, PlacesAnswer } from '../../answers.ts';
import { getJson, queryKeys, toPath } from '../../api.ts';
import { useText } from '../../i18n/language.tsx';
import { useFormat } from '../../i18n/use-format.ts';
import { DateField, toInstantOf } from '../../parts/moment-field.tsx';
import { Choice } from './choice.tsx';

export function usePlaces(organisation: Organisation) {
  return useQuery({
    queryKey: queryKeys.places(organisation.id),
    queryFn: ({ signal }) =>
      getJson<PlacesAnswer>(toPath('/api/v1/places', { organisation: organisation.id }), signal),
  }).data?.places;
}

export function ExportPart(props: { readonly organisation: Organisation }) {
  const t = useText('files');
  const names = useText('properties');
  const { timeZone } = useFormat();
  const places = usePlaces(props.organisation) ?? [];
  const [place, setPlace] = useState('');
  const [property, setProperty] = useState('');
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const organisation = props.organisation.id;
  const toReadings = (format: 'csv' | 'ndjson') =>
    toPath('/api/v1/export/readings', {
      organisation,
      format,
      place: place || null,
      property: property || null,
      from: from === '' ? null : (toInstantOf(`${from}T00:00`, timeZone) ?? null),
      to: to === '' ? null : (toInstantOf(`${toNextDay(to)}T00:00`, timeZone) ?? null),
    });
  return (
    <section className="torv-section">
      <Heading level={2} data-size="xs">
        {t('export_title')}
      </Heading>
      <p>{t('export_text')}</p>
      <div className="torv-fields">
        <Choice
          label={t('place')}
          value={place}
          onChange={setPlace}
          options={[
            { value: '', text: t('all_places') },
            ...places.map((one) => ({ value: String(one.id), text: one.name })),
          ]}
        />
        <Choice
          label={t('export_property')}
          value={property}
          onChange={setProperty}
          options={[
            { value: '', text: t('all_properties') },
            ...PROPERTY_KEYS.filter((key) => PROPERTIES[key].subject === 'place').map((key) => ({
              value: key,
              text: names(key),
            })),
          ]}
        />
        <DateField label={t('from')} value={from} onChange={setFrom} />
        <DateField label={t('to')} value={to} onChange={setTo} />
      </div>
      <div className="torv-downloads">
        <Button asChild>
          <a href={toReadings('csv')} download>
            {t('download_csv')}
          </a>
        </Button>
        <Button asChild variant="secondary">
          <a href={toReadings('ndjson')} download>
            {t('download_ndjson')}
          </a>
        </Button>
        {(['places', 'devices', 'groups'] as const).map((kind) => (
          <Button asChild variant="secondary" key={kind}>
            <a href={toPath(`/api/v1/export/${kind}`, { organisation })} download>
              {t(`download_${kind}`)}
            </a>
          </Button>
        ))}
      </div>
    </section>
  );
}

/** The period ends after the whole of the day that was named: a day of the calendar, in no zone. */
function toNextDay(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
}
