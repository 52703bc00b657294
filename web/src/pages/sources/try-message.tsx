/** "What would become of this message?": read as the source reads it, stored nowhere. */
import { Alert, Button, Paragraph, Textfield } from '@digdir/designsystemet-react';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { sendJson } from '../../api.ts';
import { useText } from '../../i18n/language.tsx';
import { useFormat } from '../../i18n/use-format.ts';
import { Code } from '../../parts/code.tsx';
import { Problem } from '../../parts/problem.tsx';
import { Reason } from '../../parts/reason.tsx';
import type { SourceFormat } from '../../source-data.ts';

interface TriedUplink {
  readonly devEui: string;
  readonly fPort: number;
  readonly fCnt?: number;
  readonly payload: string;
  readonly networkTime: string;
  readonly deviceName?: string;
  readonly profileName?: string;
  readonly receptions: readonly { readonly gatewayId: string; readonly rssi?: number }[];
}

type Tried =
  | { readonly kind: 'uplink'; readonly uplink: TriedUplink }
  | { readonly kind: 'ignored'; readonly reason: string }
  | { readonly kind: 'rejected'; readonly reason: string; readonly at?: string };

export function TryMessage(props: { readonly format: SourceFormat; readonly example?: string | undefined }) {
  const t = useText('sources');
  const [text, setText] = useState(props.example ?? '');
  const [broken, setBroken] = useState<string | null>(null);
  const attempt = useMutation({
    mutationFn: async (message: unknown) =>
      (
        await sendJson<Tried>('/api/v1/sources/try', {
          method: 'POST',
          body: { format: props.format, message },
        })
      ).body,
  });
  const run = () => {
    attempt.reset();
    try {
      const message: unknown = JSON.parse(text);
      setBroken(null);
      attempt.mutate(message);
    } catch (error) {
      setBroken(t('try_no_json', { why: (error as Error).message }));
    }
  };
  return (
    <>
      <Paragraph>{t('try_about')}</Paragraph>
      <div className="torv-mono">
        <Textfield
          label={t('try_label')}
          multiline
          rows={8}
          spellCheck={false}
          error={broken}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
      </div>
      <Button variant="secondary" loading={attempt.isPending} disabled={text.trim() === ''} onClick={run}>
        {t('try_run')}
      </Button>
      {attempt.error && <Problem error={attempt.error} />}
      <div role="status">{attempt.data && <Outcome tried={attempt.data} />}</div>
    </>
  );
}

function Outcome(props: { readonly tried: Tried }) {
  const t = useText('sources');
  const format = useFormat();
  const { tried } = props;
  if (tried.kind !== 'uplink') {
    return (
      <Alert data-color={tried.kind === 'ignored' ? 'info' : 'danger'}>
        <strong>{t(tried.kind === 'ignored' ? 'try_ignored' : 'try_rejected')}</strong>{' '}
        <Reason text={tried.reason} />
        {tried.kind === 'rejected' && tried.at !== undefined && (
          <>
            {' '}
            <Code>{tried.at}</Code>
          </>
        )}
      </Alert>
    );
  }
  const { uplink } = tried;
  const facts: readonly (readonly [string, string])[] = [
    [t('fact_dev_eui'), uplink.devEui.toUpperCase()],
    [t('fact_name'), uplink.deviceName ?? '–'],
    [t('fact_profile'), uplink.profileName ?? '–'],
    [t('fact_port'), String(uplink.fPort)],
    [t('fact_counter'), uplink.fCnt === undefined ? '–' : format.number(uplink.fCnt)],
    [t('fact_payload'), uplink.payload],
    [t('fact_time'), format.moment(uplink.networkTime, 'full')],
    [t('fact_gateways'), uplink.receptions.map((one) => one.gatewayId).join(', ') || '–'],
  ];
  return (
    <Alert data-color="success">
      <strong>{t('try_uplink')}</strong>
      <dl className="torv-figures">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </Alert>
  );
}
