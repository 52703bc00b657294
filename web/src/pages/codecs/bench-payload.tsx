/** The frame on the bench: typed, or the last one that a device sent. */
import { Paragraph, Textfield } from '@digdir/designsystemet-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { getJson, toPath } from '../../api.ts';
import { useText } from '../../i18n/language.tsx';
import { Choice } from '../../parts/choice.tsx';
import { Problem } from '../../parts/problem.tsx';
import type { Draft } from '../../parts/use-draft.ts';
import type { Frame } from '../../registry-answers.ts';
import { devicesQuery, inboxQuery } from '../../registry-data.ts';
import { useOrganisation } from '../../session.ts';
import { type Bench, HEX, toBareHex } from './bench.ts';

interface PayloadProps {
  readonly draft: Draft<Bench>;
  readonly device: string | undefined;
  readonly codecId: number | undefined;
}

export function BenchPayload(props: PayloadProps) {
  const t = useText('codecs');
  const organisation = useOrganisation();
  const { draft } = props;
  const { bytes, fPort, time } = draft.value;
  const { data: claimed } = useQuery(devicesQuery(organisation));
  const { data: inbox } = useQuery(inboxQuery(organisation));
  const [device, setDevice] = useState('');
  const load = useMutation({
    mutationFn: async (id: string) =>
      (
        await getJson<{ readonly frames: readonly Frame[] }>(
          toPath(`/api/v1/devices/${encodeURIComponent(id)}/frames`, { limit: 1 }),
        )
      ).frames[0],
    onSuccess: (frame) =>
      frame && draft.change({ bytes: frame.payload, fPort: String(frame.fPort), time: frame.networkTime }),
  });
  // a link from a device brings its last frame, unless somebody was at work here already
  const wanted = props.device;
  const [asked, setAsked] = useState(false);
  if (wanted !== undefined && !asked) {
    setAsked(true);
    setDevice(wanted);
    queueMicrotask(() => load.mutate(wanted));
  }
  const options = [
    ...(inbox?.devices ?? []).map((one) => ({
      value: String(one.id),
      text: `${one.heard.name ?? one.devEui.toUpperCase()} · ${t('in_inbox')}`,
    })),
    ...(claimed?.devices ?? [])
      .filter((one) => one.state === 'claimed')
      .sort((a, b) => Number(b.codec?.id === props.codecId) - Number(a.codec?.id === props.codecId))
      .map((one) => ({ value: String(one.id), text: one.name || one.devEui.toUpperCase() })),
  ];
  return (
    <div className="torv-stack" data-gap="lg">
      <Choice
        label={t('device')}
        help={t('device_help')}
        none={t('device_none')}
        value={device}
        options={options}
        onChange={(value) => {
          setDevice(value);
          if (value !== '') load.mutate(value);
        }}
      />
      {load.error && <Problem error={load.error} />}
      {load.isSuccess && load.data === undefined && <Paragraph>{t('device_no_frame')}</Paragraph>}
      <div className="torv-mono">
        <Textfield
          label={t('bytes')}
          description={t('bytes_help')}
          spellCheck={false}
          autoComplete="off"
          value={bytes}
          error={HEX.test(toBareHex(bytes)) ? undefined : t('bytes_wrong')}
          onChange={(event) => draft.change({ bytes: event.currentTarget.value })}
        />
      </div>
      <div className="torv-form-pair">
        <Textfield
          label={t('f_port')}
          inputMode="numeric"
          autoComplete="off"
          value={fPort}
          onChange={(event) => draft.change({ fPort: event.currentTarget.value })}
        />
        <Textfield
          label={t('time')}
          autoComplete="off"
          spellCheck={false}
          value={time}
          error={Number.isNaN(Date.parse(time)) ? t('time_wrong') : undefined}
          onChange={(event) => draft.change({ time: event.currentTarget.value })}
        />
      </div>
    </div>
  );
}
