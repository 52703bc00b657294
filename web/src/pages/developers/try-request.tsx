/**
 * One request to be tried: the address to change, the button, the same as a command, and the answer. What was sent
 * stands in the address of the page, so that it can be shared and the way back works.
 */
import { Button, Field, Label, Textarea, ValidationMessage } from '@digdir/designsystemet-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';
import { useText } from '../../i18n/language.tsx';
import { Problem } from '../../parts/problem.tsx';
import { useOrganisation } from '../../session.ts';
import { readAddress, toSent } from './address.ts';
import { AnswerPart, useFigures } from './answer-part.tsx';
import { Command } from './command.tsx';
import { type ReadKey, toCurl } from './guide.ts';
import { answerQuery, type Service } from './service.ts';

interface TryRequestProps {
  readonly request: ReadKey;
  readonly example: string;
  /** What was sent, as it is read; undefined: nothing yet. */
  readonly url: string | undefined;
  readonly service: Service;
}

export function TryRequest(props: TryRequestProps) {
  const t = useText('developers');
  const { service, url } = props;
  const id = useId();
  const navigate = useNavigate();
  const needsKey = useOrganisation()?.role != null;
  const given = url ?? props.example;
  const [seen, setSeen] = useState(given);
  const [draft, setDraft] = useState(given);
  const [isForeign, setForeign] = useState(false);
  if (seen !== given) {
    // a link was followed, the way back taken, or a real series found; an example already changed stays as it is
    if (url !== undefined || draft === seen) {
      setDraft(given);
      setForeign(false);
    }
    setSeen(given);
  }
  const sent = url === undefined ? undefined : toSent(url);
  const { data, error, isFetching, isPlaceholderData, refetch } = useQuery({
    ...answerQuery(sent),
    placeholderData: keepPreviousData,
  });
  const answer = isPlaceholderData ? undefined : data;
  const figures = useFigures(answer);

  // whoever followed a link reads on at the top of the new answer
  const heading = useRef<HTMLHeadingElement>(null);
  const follows = useRef(false);
  useEffect(() => {
    if (answer === undefined || !follows.current) return;
    follows.current = false;
    heading.current?.focus();
  }, [answer]);

  const send = (event?: FormEvent) => {
    event?.preventDefault();
    const path = readAddress(draft, service.roots);
    setForeign(path === undefined);
    if (path === undefined) return;
    if (path === url) void refetch();
    else {
      setDraft(path);
      void navigate({
        to: '/developers',
        search: (old) => ({ ...old, request: props.request, url: path }),
        resetScroll: false,
      });
    }
  };
  const press = (event: KeyboardEvent) => {
    if (event.key !== 'Enter') return;
    event.preventDefault(); // an address has one line
    send();
  };
  const typed = readAddress(draft, service.roots);
  return (
    <div className="torv-try">
      <form onSubmit={send} noValidate>
        <Field>
          <Label htmlFor={id}>{t('address_label')}</Label>
          <Field.Description>
            <code>GET {service.root}</code>
          </Field.Description>
          <Textarea
            id={id}
            rows={2}
            spellCheck={false}
            autoCapitalize="off"
            autoComplete="off"
            aria-invalid={isForeign}
            value={draft}
            onKeyDown={press}
            onChange={(event) => setDraft(event.currentTarget.value)}
          />
          {isForeign && <ValidationMessage>{t('address_foreign')}</ValidationMessage>}
        </Field>
        <div className="torv-row">
          <Button type="submit" loading={isFetching}>
            {t('send')}
          </Button>
          {draft !== props.example && (
            <Button type="button" variant="tertiary" onClick={() => setDraft(props.example)}>
              {t('restore')}
            </Button>
          )}
        </div>
      </form>
      <Command
        label={t('as_command')}
        text={toCurl(service.root, toSent(typed ?? props.example), needsKey)}
      />
      <span role="status" className="torv-visually-hidden">
        {answer !== undefined && !isFetching && answer.problem === undefined
          ? `${t('answer_title')}: ${answer.status}, ${figures}`
          : ''}
      </span>
      {error && <Problem error={error} onRetry={() => void refetch()} />}
      {data && !error && (
        <section className="torv-answer-part" aria-busy={isFetching} aria-labelledby={`${id}-answer`}>
          <h3 id={`${id}-answer`} ref={heading} tabIndex={-1} className="torv-section-title">
            {t('answer_title')}
          </h3>
          <AnswerPart
            answer={data}
            shown={given}
            service={service}
            request={props.request}
            onFollow={() => {
              follows.current = true;
            }}
          />
        </section>
      )}
    </div>
  );
}
