/** A key that is shown once: copy it, keep it, go on. It stays in memory only and is never stored or logged. */
import { Alert, Button, Heading, Paragraph, Textfield } from '@digdir/designsystemet-react';
import { useState } from 'react';
import './form.css';
import { useText } from '../i18n/language.tsx';
import { copyText } from './copy-text.ts';

interface CopyOnceProps {
  /** What it is: "Key of the source Harbour". */
  readonly label: string;
  readonly secret: string;
  readonly onDone: () => void;
}

export function CopyOnce(props: CopyOnceProps) {
  const t = useText('shell');
  const [copied, setCopied] = useState(false);
  const copy = () => void copyText(props.secret).then(setCopied);
  return (
    <Alert data-color="warning">
      <Heading level={2} data-size="2xs">
        {t('copy_once_title')}
      </Heading>
      <Paragraph>{t('copy_once_text')}</Paragraph>
      <div className="torv-secret">
        <Textfield
          label={props.label}
          value={props.secret}
          aria-readonly
          readOnly
          spellCheck={false}
          onFocus={(event) => event.currentTarget.select()}
        />
      </div>
      <div className="torv-row" style={{ marginTop: '1rem' }}>
        <Button variant="secondary" onClick={copy}>
          {t(copied ? 'copied' : 'copy')}
        </Button>
        <Button onClick={props.onDone}>{t('copy_once_done')}</Button>
      </div>
      <span role="status" className="torv-visually-hidden">
        {copied && t('copied')}
      </span>
    </Alert>
  );
}
