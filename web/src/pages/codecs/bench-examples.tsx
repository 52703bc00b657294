/** The examples of a codec: those that fail first and in full, those that pass on demand. */
import { Details, Paragraph } from '@digdir/designsystemet-react';
import type { Checked } from '../../codec-data.ts';
import { useText } from '../../i18n/language.tsx';
import { Problem } from '../../parts/problem.tsx';
import { StateMark } from '../../parts/state-mark.tsx';
import { useExampleName } from './use-example-name.ts';

export function BenchExamples(props: { readonly checked: Checked | undefined; readonly error: unknown }) {
  const t = useText('codecs');
  if (props.error) return <Problem error={props.error} />;
  const { checked } = props;
  if (checked === undefined || checked.results.length === 0)
    return <Paragraph className="torv-quiet">{t('examples_none')}</Paragraph>;
  const count = checked.results.length;
  const failed = checked.results.filter((one) => !one.passed);
  const passed = checked.results.filter((one) => one.passed);
  return (
    <>
      <p role="status">
        {checked.failed === 0
          ? t('examples_good', { count })
          : t('examples_bad', { count: checked.failed, total: count })}
      </p>
      {failed.length > 0 && <Results results={failed} />}
      {passed.length > 0 && (
        <Details>
          <Details.Summary>{t('examples_passed')}</Details.Summary>
          <Details.Content>
            <Results results={passed} />
          </Details.Content>
        </Details>
      )}
    </>
  );
}

function Results(props: { readonly results: Checked['results'] }) {
  const t = useText('codecs');
  const toName = useExampleName();
  return (
    <ul className="torv-results">
      {props.results.map((result, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two examples may have one name; their order is their identity
        <li key={i}>
          <StateMark
            state={result.passed ? 'good' : 'poor'}
            text={t(result.passed ? 'example_passed' : 'example_failed')}
            plain
          />{' '}
          {toName(result.name)}
          {result.differences.length > 0 && (
            <ul lang="en">
              {result.differences.map((text) => (
                <li key={text}>{text}</li>
              ))}
            </ul>
          )}
        </li>
      ))}
    </ul>
  );
}
