/** A labelled choice out of a list. */
import { Field, Label, Select } from '@digdir/designsystemet-react';
import { useId } from 'react';

interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly { readonly value: string; readonly text: string }[];
  readonly onChange: (value: string) => void;
  /** The label stands in a table's header already. */
  readonly hideLabel?: boolean;
}

export function Choice(props: ChoiceProps) {
  const id = useId();
  return (
    <Field>
      <Label htmlFor={id} className={props.hideLabel ? 'torv-visually-hidden' : undefined}>
        {props.label}
      </Label>
      <Select id={id} value={props.value} onChange={(event) => props.onChange(event.currentTarget.value)}>
        {props.options.map((one) => (
          <Select.Option key={one.value} value={one.value}>
            {one.text}
          </Select.Option>
        ))}
      </Select>
    </Field>
  );
}
