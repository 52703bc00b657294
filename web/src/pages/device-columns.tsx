/** The columns of every table of devices: name, place, last heard, battery, signal, state. */
import { Link } from '@digdir/designsystemet-react';
import { Link as RouterLink } from '@tanstack/react-router';
import { useMemo } from 'react';
import { batteryOrder, STATE_ORDER, toBatteryText, toCondition, toSignalText } from '../device-sentences.ts';
import type { Column } from '../parts/data-table.tsx';
import { RelativeTime } from '../parts/relative-time.tsx';
import { StateIcon, StateMark } from '../parts/state-mark.tsx';
import { useDeviceWords } from '../parts/use-device-words.ts';
import { useNow } from '../parts/use-now.ts';
import type { Device } from '../registry-answers.ts';

const SIGNALS = { good: 'good', fair: 'good', weak: 'attention', unknown: 'none' } as const;
const BATTERIES = { good: 'good', mains: 'good', low: 'attention', empty: 'poor', unknown: 'none' } as const;

/** `here`: on the page of the place, where the place would repeat itself. */
export function useDeviceColumns(shown: 'anywhere' | 'here'): readonly Column<Device>[] {
  const words = useDeviceWords();
  const { devices: t } = words;
  const now = useNow();
  return useMemo(() => {
    const columns: readonly Column<Device>[] = [
      {
        key: 'name',
        header: t('col_name'),
        title: true,
        sortValue: (device) => device.name || device.devEui,
        cell: (device) => (
          <Link asChild>
            <RouterLink to="/devices/$deviceId" params={{ deviceId: String(device.id) }}>
              {device.name || device.devEui}
            </RouterLink>
          </Link>
        ),
      },
      {
        key: 'state',
        header: t('col_state'),
        sortValue: (device) => STATE_ORDER.indexOf(toCondition(device, now).state),
        cell: (device) => {
          const { state, level } = toCondition(device, now);
          return <StateMark state={level} text={t(`state_${state}`)} />;
        },
      },
      {
        key: 'place',
        header: t('col_place'),
        sortValue: (device) => device.place?.name ?? null,
        cell: (device) =>
          device.place && (
            <Link asChild>
              <RouterLink to="/places/$placeId" params={{ placeId: String(device.place.id) }}>
                {device.place.name}
              </RouterLink>
            </Link>
          ),
      },
      {
        key: 'seen',
        header: t('col_seen'),
        sortValue: (device) => device.status?.lastSeen ?? null,
        cell: (device) => device.status && <RelativeTime instant={device.status.lastSeen} />,
      },
      {
        key: 'battery',
        header: t('col_battery'),
        sortValue: batteryOrder,
        cell: (device) => {
          const condition = toCondition(device, now);
          const text = toBatteryText(words, device, condition);
          return (
            text && (
              <span className="torv-level torv-number">
                <StateIcon state={BATTERIES[condition.battery]} />
                {text}
              </span>
            )
          );
        },
      },
      {
        key: 'signal',
        header: t('col_signal'),
        sortValue: (device) => device.status?.rssi ?? null,
        cell: (device) => {
          const text = toSignalText(words, device.status?.rssi ?? null, device.status?.snr ?? null);
          return (
            text && (
              <span className="torv-level torv-number">
                <StateIcon state={SIGNALS[toCondition(device, now).signal]} />
                {text}
              </span>
            )
          );
        },
      },
    ];
    return shown === 'here' ? columns.filter((column) => column.key !== 'place') : columns;
  }, [t, words, now, shown]);
}
