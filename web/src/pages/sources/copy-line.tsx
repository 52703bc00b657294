/** One value to be copied into another program: a field to select, a button to copy. Not for secrets shown once. */
import { Button, Textfield } from '@digdir/designsystemet-react';
import { useState } from 'react';
import { useText } from '../../i18n/language.tsx';
import { copyText } from '../../parts/copy-text.ts';

export function CopyLine(props: { readonly label: string; readonly value: string }) {
  const t = useText('shell');
  const [copied, setCopied] = useState(false);
  return (
    <div className="torv-copy-line">
      <Textfield
        label={props.label}
        value={props.value}
        readOnly
        spellCheck={false}
        onFocus={(event) => event.currentTarget.select()}
      />
      <Button type="button" variant="secondary" onClick={() => void copyText(props.value).then(setCopied)}>
        {t(copied ? 'copied' : 'copy')}
        <span className="torv-visually-hidden">: {props.label}</span>
      </Button>
    </div>
  );
}
