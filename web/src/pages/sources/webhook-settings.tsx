/** What to enter in the network server so that it delivers here: address, header, where to find them in its menus. */
import { Paragraph } from '@digdir/designsystemet-react';
import { useText } from '../../i18n/language.tsx';
import { Code } from '../../parts/code.tsx';
import type { SourceFormat } from '../../source-data.ts';
import { CopyLine } from './copy-line.tsx';

export const KEY_HEADER = 'X-Torv-Key';

interface WebhookSettingsProps {
  readonly format: SourceFormat;
  readonly publicUrl: string | null;
  /** Only in the moment it is shown: then a whole test command can be copied. */
  readonly key_?: string;
}

export function WebhookSettings(props: WebhookSettingsProps) {
  const t = useText('sources');
  const url = `${props.publicUrl ?? window.location.origin}/ingest/${props.format}`;
  const command = [
    `curl -H '${KEY_HEADER}: ${props.key_ ?? t('your_key')}' -H 'Content-Type: application/json'`,
    `--data '{"devEui":"0000000000000001","fPort":1,"payload":"00"}' ${url}`,
  ].join(' ');
  return (
    <>
      <Paragraph>{t(`where_${props.format}`)}</Paragraph>
      <CopyLine label={t('webhook_url')} value={url} />
      <CopyLine label={t('webhook_header')} value={KEY_HEADER} />
      <Paragraph data-size="sm">
        {t(props.key_ === undefined ? 'webhook_header_value' : 'webhook_header_now')}
      </Paragraph>
      {props.format === 'torv' && (
        <>
          <Paragraph data-size="sm">{t('webhook_try')}</Paragraph>
          <pre className="torv-message" data-whole="true">
            <Code>{command}</Code>
          </pre>
        </>
      )}
    </>
  );
}
