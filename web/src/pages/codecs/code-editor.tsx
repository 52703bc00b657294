/**
 * A plain text area for code: line numbers, monospace, Tab indents. Escape and then Tab leaves it, so that nobody is
 * caught in it with the keyboard; the label says so. No highlighting: it costs much and helps little here.
 */
import { Field, Label } from '@digdir/designsystemet-react';
import { type KeyboardEvent, useId, useRef } from 'react';
import { useText } from '../../i18n/language.tsx';
import { Reason } from '../../parts/reason.tsx';
import type { ListFault } from './bench.ts';
import '../../parts/form.css';
import './codecs.css';

interface CodeEditorProps {
  readonly label: string;
  readonly value: string;
  readonly rows: number;
  readonly readOnly?: boolean;
  readonly fault?: ListFault | undefined;
  /** How to leave it by keyboard stands there for all to read; it is told to screen readers always. */
  readonly showsHelp?: boolean;
  readonly onChange: (value: string) => void;
}

const INDENT = '  ';

/** Tab in a selection of several lines indents all of them; Shift+Tab takes one step back. */
export function indent(
  text: string,
  from: number,
  to: number,
  back: boolean,
): { readonly text: string; readonly from: number; readonly to: number } {
  if (from === to && !back) {
    return {
      text: text.slice(0, from) + INDENT + text.slice(to),
      from: from + INDENT.length,
      to: from + INDENT.length,
    };
  }
  const start = text.lastIndexOf('\n', from - 1) + 1;
  const lines = text.slice(start, to).split('\n');
  const moved = lines.map((line) => (back ? line.replace(/^ {1,2}|^\t/, '') : INDENT + line));
  const first = (moved[0]?.length ?? 0) - (lines[0]?.length ?? 0);
  const inserted = moved.join('\n');
  return {
    text: text.slice(0, start) + inserted + text.slice(to),
    from: Math.max(start, from + first),
    to: start + inserted.length,
  };
}

export function CodeEditor(props: CodeEditorProps) {
  const t = useText('codecs');
  const id = useId();
  const leaving = useRef(false);
  const numbers = useRef<HTMLDivElement>(null);
  const lines = props.value.split('\n').length;
  const press = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === 'Escape') {
      leaving.current = true;
      return;
    }
    if (event.key !== 'Tab') leaving.current = false;
    else if (!leaving.current && props.readOnly !== true) {
      event.preventDefault();
      const area = event.currentTarget;
      const next = indent(area.value, area.selectionStart, area.selectionEnd, event.shiftKey);
      props.onChange(next.text);
      requestAnimationFrame(() => area.setSelectionRange(next.from, next.to));
    }
  };
  return (
    <Field>
      <Label htmlFor={id} className="torv-section-title">
        {props.label}
      </Label>
      <Field.Description
        id={`${id}-help`}
        {...(props.showsHelp === true ? {} : { className: 'torv-visually-hidden' })}
      >
        {t('editor_help')}
      </Field.Description>
      <div className="torv-editor">
        <div className="torv-editor-numbers" aria-hidden ref={numbers}>
          <div>{Array.from({ length: lines }, (_, i) => i + 1).join('\n')}</div>
        </div>
        <textarea
          id={id}
          aria-describedby={`${id}-help`}
          aria-invalid={props.fault !== undefined}
          rows={props.rows}
          spellCheck={false}
          autoCapitalize="off"
          autoComplete="off"
          wrap="off"
          readOnly={props.readOnly ?? false}
          value={props.value}
          onFocus={() => {
            leaving.current = false;
          }}
          onKeyDown={press}
          onScroll={(event) => {
            const inner = numbers.current?.firstElementChild as HTMLElement | null | undefined;
            if (inner) inner.style.transform = `translateY(-${event.currentTarget.scrollTop}px)`;
          }}
          onChange={(event) => props.onChange(event.currentTarget.value)}
        />
      </div>
      {props.fault !== undefined && (
        <p className="torv-reason" role="status">
          {t(props.fault.what)}
          {props.fault.exact !== '' && (
            <span className="torv-exact">
              <Reason text={props.fault.exact} />
            </span>
          )}
        </p>
      )}
    </Field>
  );
}
