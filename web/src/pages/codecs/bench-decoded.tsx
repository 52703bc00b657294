/** What the code made of the frame: fields, or why not in its own words, warnings, what it logged, and how long it took. */
import { Alert } from '@digdir/designsystemet-react';
import type { Tried } from '../../codec-data.ts';
import { useText } from '../../i18n/language.tsx';
import { Code } from '../../parts/code.tsx';
import { Reason } from '../../parts/reason.tsx';
import { Waiting } from '../../parts/waiting.tsx';
import { toJson } from './bench.ts';

const FAULTS = ['deadline', 'memory', 'output', 'crash'] as const;

export function BenchDecoded(props: { readonly tried: Tried | undefined }) {
  const t = useText('codecs');
  const { tried } = props;
  if (tried === undefined) return <Waiting lines={3} />;
  const fault = FAULTS.find((one) => one === tried.fault);
  return (
    <>
      {fault !== undefined && <Alert data-color="danger">{t(`fault_${fault}`)}</Alert>}
      {fault === undefined && tried.errors.length > 0 && (
        <Alert data-color="danger">
          {t('decode_failed')}
          <ul>
            {tried.errors.map((text) => (
              <li key={text}>
                <Reason text={text} />
              </li>
            ))}
          </ul>
        </Alert>
      )}
      {tried.warnings.length > 0 && (
        <Alert data-color="warning">
          <ul lang="en">
            {tried.warnings.map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
        </Alert>
      )}
      {tried.data != null && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        <pre className="torv-message" tabIndex={0}>
          {toJson(tried.data)}
        </pre>
      )}
      {tried.logs.length > 0 && <Code>{tried.logs.join('\n')}</Code>}
      <p className="torv-quiet torv-number">
        {t('took', { ms: tried.ms < 1 ? '< 1' : Math.round(tried.ms) })}
      </p>
    </>
  );
}
