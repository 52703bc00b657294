/** Search over everything, opened by `/` or the button: type, arrows, Enter. A combobox with a list of links. */
import { Dialog, Input, Paragraph } from '@digdir/designsystemet-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from 'react';
import { useLocale, useText } from '../i18n/language.tsx';
import { type Found, findMatches, loadEverything } from '../search-sources.ts';
import { useOrganisation } from '../session.ts';
import './command-palette.css';

export function CommandPalette(props: { readonly open: boolean; readonly onClose: () => void }) {
  const t = useText('shell');
  return (
    <Dialog
      open={props.open}
      onClose={props.onClose}
      closeButton={t('close')}
      closedby="any"
      placement="top"
      className="torv-palette"
      aria-label={t('search_hint')}
    >
      {props.open && <Palette onClose={props.onClose} />}
    </Dialog>
  );
}

function Palette(props: { readonly onClose: () => void }) {
  const t = useText('shell');
  const locale = useLocale();
  const organisation = useOrganisation();
  const client = useQueryClient();
  const router = useRouter();
  const listId = useId();
  const [text, setText] = useState('');
  const [active, setActive] = useState(0);
  const { data: all = [] } = useQuery({
    queryKey: ['search', organisation?.id],
    queryFn: () => (organisation ? loadEverything(client, organisation) : Promise.resolve([])),
    staleTime: 30_000,
  });
  const input = useRef<HTMLInputElement>(null);
  // after showModal, which focuses the close button
  useEffect(() => {
    const timer = window.setTimeout(() => input.current?.focus(), 0);
    return () => window.clearTimeout(timer);
  }, []);
  const matches = useMemo(() => findMatches(all, text, locale), [all, text, locale]);

  const open = (found: Found) => {
    props.onClose();
    void router.navigate({ to: found.to });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      setActive((old) => (matches.length === 0 ? 0 : (old + step + matches.length) % matches.length));
    }
    const found = matches[active];
    if (event.key === 'Enter' && found) open(found);
  };

  return (
    <Dialog.Block>
      <Input
        role="combobox"
        aria-expanded={matches.length > 0}
        aria-controls={listId}
        aria-activedescendant={matches[active] ? `${listId}-${active}` : undefined}
        aria-autocomplete="list"
        aria-label={t('search_hint')}
        placeholder={t('search_hint')}
        ref={input}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setActive(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div role="listbox" id={listId} aria-label={t('search')} className="torv-palette-list">
        {matches.map((found, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are the combobox's, as the pattern asks
          <div
            key={found.key}
            id={`${listId}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === active}
            className="torv-palette-option"
            onMouseMove={() => setActive(index)}
            onClick={() => open(found)}
          >
            <span>{found.name}</span>
            <span className="torv-quiet">{[t(found.kind), found.note].filter(Boolean).join(' · ')}</span>
          </div>
        ))}
      </div>
      <Paragraph role="status" data-size="sm" className="torv-quiet">
        {text.trim() === '' && t('search_start')}
        {text.trim() !== '' && matches.length === 0 && t('search_none', { text })}
        {matches.length > 0 && t('search_results', { count: matches.length })}
      </Paragraph>
    </Dialog.Block>
  );
}
