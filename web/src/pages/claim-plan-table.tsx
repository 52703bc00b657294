/** What each waiting device would become by the rules, and why not; devices can be chosen one by one. */
import { Checkbox, Chip, Fieldset } from '@digdir/designsystemet-react';
import { useMemo, useState } from 'react';
import { useText } from '../i18n/language.tsx';
import { Code } from '../parts/code.tsx';
import { type Column, DataTable } from '../parts/data-table.tsx';
import { StateMark } from '../parts/state-mark.tsx';
import type { PlannedDevice } from '../registry-answers.ts';
import { toTagText } from './inbox-page.tsx';
import './device-page.css';

const SHOWN = ['all', 'able', 'not'] as const;

interface ClaimPlanTableProps {
  readonly devices: readonly PlannedDevice[];
  /** Absent: nothing can be chosen. */
  readonly left?: ReadonlySet<number>;
  readonly onToggle?: (deviceId: number) => void;
}

export const isAble = (device: PlannedDevice) => device.obstacles.length === 0;

export function ClaimPlanTable(props: ClaimPlanTableProps) {
  const t = useText('claiming');
  const [show, setShow] = useState<(typeof SHOWN)[number]>('all');
  const { devices, left, onToggle } = props;
  const rows = useMemo(
    () => devices.filter((device) => show === 'all' || isAble(device) === (show === 'able')),
    [devices, show],
  );
  const columns = useMemo<readonly Column<PlannedDevice>[]>(
    () => [
      ...(onToggle
        ? [
            {
              key: 'select',
              header: t('plan_select'),
              cell: (device: PlannedDevice) =>
                isAble(device) && (
                  <Checkbox
                    aria-label={`${t('plan_select')}: ${device.name}`}
                    checked={!left?.has(device.deviceId)}
                    onChange={() => onToggle(device.deviceId)}
                  />
                ),
            },
          ]
        : []),
      {
        key: 'device',
        header: t('plan_device'),
        title: true,
        sortValue: (device) => device.heard.name ?? device.devEui,
        cell: (device) => (
          <>
            {device.heard.name ?? <Code>{device.devEui.toUpperCase()}</Code>}
            <br />
            <span className="torv-quiet">
              {[device.heard.profile, toTagText(device.heard.tags)].filter(Boolean).join(' · ')}
            </span>
          </>
        ),
      },
      {
        key: 'becomes',
        header: t('plan_becomes'),
        cell: (device) => (isAble(device) ? device.name : null),
      },
      {
        key: 'codec',
        header: t('plan_codec'),
        sortValue: (device) => device.codec,
        cell: (device) => device.codec,
      },
      {
        key: 'place',
        header: t('plan_place'),
        sortValue: (device) => device.place?.name ?? null,
        cell: (device) => device.place?.name ?? null,
      },
      {
        key: 'verdict',
        header: t('plan_verdict'),
        sortValue: (device) => device.obstacles.length,
        cell: (device) =>
          isAble(device) ? (
            <StateMark state="good" text={t('plan_able')} plain />
          ) : (
            <span className="torv-verdict">
              {device.obstacles.map(({ why, text }) => (
                <StateMark key={why} state="attention" text={t(`plan_${why}`, { text })} plain />
              ))}
            </span>
          ),
      },
    ],
    [t, left, onToggle],
  );
  return (
    <>
      <Fieldset data-size="sm">
        <Fieldset.Legend className="torv-visually-hidden">{t('plan_title')}</Fieldset.Legend>
        <div className="torv-row" style={{ gap: '0.5rem' }}>
          {SHOWN.map((one) => (
            <Chip.Radio key={one} name="plan" checked={show === one} onChange={() => setShow(one)}>
              {t(`plan_show_${one}`)}
            </Chip.Radio>
          ))}
        </div>
      </Fieldset>
      <DataTable
        caption={t('plan_title')}
        columns={columns}
        rows={rows}
        rowKey={(device) => String(device.deviceId)}
        empty={<p>{t('no_match')}</p>}
      />
    </>
  );
}
