/** The first administrator: the account, and the organisation where there is none yet. */
import { Button, Fieldset, Textfield } from '@digdir/designsystemet-react';
import { useMutation } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { ApiProblem, sendJson } from '../../api.ts';
import { useLanguage, useLocale, useText } from '../../i18n/language.tsx';
import { LANGUAGE_KEYS, LANGUAGES, type Language } from '../../i18n/languages.ts';
import { PageHead } from '../../parts/page-head.tsx';
import type { LinkFacts } from './access-answers.ts';
import { Choice, FormProblem, PasswordField, usePasswordFault } from './form-parts.tsx';

/** Europe, where the people live for whom Torv is made; the browser names them. */
const COUNTRIES =
  'AT BE BG CH CY CZ DE DK EE ES FI FO FR GB GL GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK UA'.split(
    ' ',
  );
const ZONE_OF: Readonly<Record<Language, string>> = {
  da: 'Europe/Copenhagen',
  sv: 'Europe/Stockholm',
  nl: 'Europe/Amsterdam',
  en: 'Europe/Copenhagen',
};
const COUNTRY_OF: Readonly<Record<Language, string>> = { da: 'DK', sv: 'SE', nl: 'NL', en: 'DK' };

interface FormProps {
  readonly secret: string;
  readonly facts: LinkFacts;
  readonly onDone: () => void;
}

export function FirstForm(props: FormProps) {
  const t = useText('access');
  const { language } = useLanguage();
  const locale = useLocale();
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const [organisation, setOrganisation] = useState({
    name: '',
    country: COUNTRY_OF[language],
    timeZone: toZone(language),
    locale: language,
  });
  const change = (part: Partial<typeof organisation>) => setOrganisation((old) => ({ ...old, ...part }));
  const countries = useMemo(() => toCountries(locale), [locale]);
  const create = useMutation({
    mutationFn: () =>
      sendJson('/api/v1/links/first-administrator', {
        method: 'POST',
        body: {
          secret: props.secret,
          email: email.trim(),
          name: name.trim(),
          password,
          locale: language,
          ...(props.facts.needsOrganisation ? { organisation } : {}),
        },
      }),
    onSuccess: props.onDone,
  });
  const fault = usePasswordFault(create.error);
  const slugTaken = create.error instanceof ApiProblem && create.error.at === 'slug';

  return (
    <>
      <PageHead title={t('first_title')} answer={t('first_intro')} />
      <form
        className="torv-form"
        onSubmit={(event) => {
          event.preventDefault();
          create.mutate();
        }}
      >
        <FormProblem error={create.error} />
        <Fieldset>
          <Fieldset.Legend>{t('you')}</Fieldset.Legend>
          <Textfield
            label={t('name')}
            description={t('name_help')}
            autoComplete="name"
            required
            maxLength={200}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Textfield
            label={t('email')}
            type="email"
            autoComplete="username"
            required
            maxLength={254}
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
          <PasswordField
            label={t('password')}
            description={t('password_help')}
            kind="new-password"
            value={password}
            onChange={setPassword}
            error={fault}
          />
        </Fieldset>
        {props.facts.needsOrganisation && (
          <Fieldset>
            <Fieldset.Legend>{t('your_organisation')}</Fieldset.Legend>
            <Textfield
              label={t('organisation_name')}
              description={t('organisation_name_help')}
              autoComplete="organization"
              required
              maxLength={200}
              aria-invalid={slugTaken}
              value={organisation.name}
              onChange={(event) => change({ name: event.currentTarget.value })}
            />
            <Choice
              label={t('country')}
              value={organisation.country}
              options={countries}
              onChange={(country) => change({ country })}
            />
            <Choice
              label={t('time_zone')}
              description={t('time_zone_help')}
              value={organisation.timeZone}
              options={ZONES}
              onChange={(timeZone) => change({ timeZone })}
            />
            <Choice
              label={t('language')}
              value={organisation.locale}
              options={LANGUAGE_KEYS.map((key) => ({ value: key, text: LANGUAGES[key].name }))}
              onChange={(chosen) => change({ locale: chosen })}
            />
          </Fieldset>
        )}
        <Button type="submit" loading={create.isPending || create.isSuccess}>
          {t('first_action')}
        </Button>
      </form>
    </>
  );
}

const ZONES = [
  ...new Set([...Intl.supportedValuesOf('timeZone'), Intl.DateTimeFormat().resolvedOptions().timeZone]),
].map((zone) => ({
  value: zone,
  text: zone.replaceAll('_', ' '),
}));

function toCountries(locale: string): readonly { readonly value: string; readonly text: string }[] {
  const names = new Intl.DisplayNames(locale, { type: 'region' });
  const collator = new Intl.Collator(locale);
  return COUNTRIES.map((value) => ({ value, text: names.of(value) ?? value })).sort((a, b) =>
    collator.compare(a.text, b.text),
  );
}

/** The browser's own zone; a computer that is set to UTC says nothing about where the schools are. */
function toZone(language: Language): string {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return timeZone === 'UTC' || timeZone.startsWith('Etc/') ? ZONE_OF[language] : timeZone;
}
