/** Technical text (a payload, a DevEUI): one width per character; a long one breaks anywhere, a short one never. */
import './form.css';

export function Code(props: { readonly children: string; readonly long?: boolean }) {
  return (
    <code className="torv-code" data-long={props.long}>
      {props.children}
    </code>
  );
}
