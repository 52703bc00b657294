/** A command for a terminal, to be copied as it stands. Without a clipboard (plain http) it is selected instead. */
import { Button } from '@digdir/designsystemet-react';
import { useRef, useState } from 'react';
import { useText } from '../../i18n/language.tsx';

export function Command(props: { readonly label: string; readonly text: string }) {
  const t = useText('shell');
  const code = useRef<HTMLPreElement>(null);
  // what was copied, not that something was: the command changes with the address
  const [copied, setCopied] = useState('');
  const copy = () => {
    if (navigator.clipboard === undefined) {
      if (code.current) window.getSelection()?.selectAllChildren(code.current);
      return;
    }
    void navigator.clipboard.writeText(props.text).then(() => setCopied(props.text));
  };
  return (
    <figure className="torv-command">
      <figcaption>{props.label}</figcaption>
      <pre ref={code} className="torv-box">
        {props.text}
      </pre>
      <Button type="button" variant="secondary" data-size="sm" onClick={copy}>
        {t(copied === props.text ? 'copied' : 'copy')}
        <span className="torv-visually-hidden">: {props.label}</span>
      </Button>
    </figure>
  );
}
