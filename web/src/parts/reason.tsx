/** Why something did not work, as the server keeps it: in the reader's language, or marked as English. */
import { Fragment } from 'react';
import { useText } from '../i18n/language.tsx';
import { toReasonWords } from '../reason-words.ts';

export function Reason(props: { readonly text: string }) {
  const t = useText('reasons');
  return toReasonWords(t, props.text).map((part, i) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: sentences of one text, their order is their identity
    <Fragment key={i}>
      {i > 0 && ' '}
      {part.isForeign ? (
        <span lang="en" className="torv-quiet">
          {part.text}
        </span>
      ) : (
        part.text
      )}
    </Fragment>
  ));
}
