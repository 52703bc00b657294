/** What the sentences about devices need, for the language and time zone in use. */
import { useMemo } from 'react';
import type { DeviceWords } from '../device-sentences.ts';
import { useText } from '../i18n/language.tsx';
import { useFormat } from '../i18n/use-format.ts';

export function useDeviceWords(): DeviceWords {
  const devices = useText('devices');
  const places = useText('places');
  const format = useFormat();
  return useMemo(() => ({ devices, places, format }), [devices, places, format]);
}
