/** Technical text (a payload, a DevEUI): one width per character, breaks anywhere, copied without spaces. */
export function Code(props: { readonly children: string }) {
  return <code className="torv-code">{props.children}</code>;
}
