/** Choosing a place among forty schools: type part of a name, then choose; a few places are simply listed. */
import { Field, Label, Select, Textfield, ValidationMessage } from '@digdir/designsystemet-react';
import { useQuery } from '@tanstack/react-query';
import { useId, useMemo, useState } from 'react';
import type { PlaceSummary } from '../answers.ts';
import { useLocale, useText } from '../i18n/language.tsx';
import { placesQuery } from '../place-data.ts';
import { useOrganisation } from '../session.ts';

interface PlacePickerProps {
  readonly label: string;
  readonly value: string;
  readonly none?: string;
  readonly error?: string | undefined;
  /** Which places may be chosen; absent: all. */
  readonly allow?: (place: PlaceSummary) => boolean;
  readonly onChange: (placeId: string) => void;
}

const FEW = 25;
const MOST = 300;

export function PlacePicker(props: PlacePickerProps) {
  const t = useText('devices');
  const id = useId();
  const locale = useLocale();
  const [wanted, setWanted] = useState('');
  const { data } = useQuery(placesQuery(useOrganisation()));
  const { allow, value } = props;
  const all = useMemo(() => {
    const collator = new Intl.Collator(locale, { numeric: true, sensitivity: 'base' });
    return (data?.places ?? [])
      .filter((place) => allow?.(place) ?? true)
      .map((place) => ({
        id: String(place.id),
        text: [...place.path.map((step) => step.name), place.name].join(' › '),
      }))
      .sort((a, b) => collator.compare(a.text, b.text));
  }, [data, locale, allow]);
  const shown = useMemo(() => {
    const words = wanted.toLocaleLowerCase(locale).split(/\s+/).filter(Boolean);
    const matching = all.filter(
      (place) =>
        place.id === value || words.every((word) => place.text.toLocaleLowerCase(locale).includes(word)),
    );
    return matching.slice(0, MOST);
  }, [all, wanted, value, locale]);
  const nothing = wanted !== '' && shown.every((place) => place.id === value);
  return (
    <>
      {all.length > FEW && (
        <Textfield
          label={`${props.label}: ${t('field_place_search')}`}
          type="search"
          value={wanted}
          onChange={(event) => setWanted(event.currentTarget.value)}
        />
      )}
      <Field>
        <Label htmlFor={id}>{props.label}</Label>
        <Select
          id={id}
          value={value}
          aria-invalid={props.error !== undefined}
          onChange={(event) => props.onChange(event.currentTarget.value)}
        >
          <Select.Option value="">{props.none ?? t('field_place_choose')}</Select.Option>
          {shown.map((place) => (
            <Select.Option key={place.id} value={place.id}>
              {place.text}
            </Select.Option>
          ))}
        </Select>
        {(props.error !== undefined || nothing) && (
          <ValidationMessage data-color={props.error === undefined ? 'info' : 'danger'}>
            {props.error ?? t('field_place_none')}
          </ValidationMessage>
        )}
      </Field>
    </>
  );
}
