/** A labelled choice out of a list: the browser's own select, because it works on every phone and with every reader. */
import { Field, Label, Select, ValidationMessage } from '@digdir/designsystemet-react';
import { useId } from 'react';

export interface Option {
  readonly value: string;
  readonly text: string;
}

interface ChoiceProps {
  readonly label: string;
  readonly help?: string;
  readonly value: string;
  readonly options: readonly Option[];
  /** Text of the empty choice; absent: something is always chosen. */
  readonly none?: string;
  readonly error?: string | undefined;
  readonly onChange: (value: string) => void;
}

export function Choice(props: ChoiceProps) {
  const id = useId();
  return (
    <Field>
      <Label htmlFor={id}>{props.label}</Label>
      {props.help !== undefined && <Field.Description>{props.help}</Field.Description>}
      <Select
        id={id}
        value={props.value}
        aria-invalid={props.error !== undefined}
        onChange={(event) => props.onChange(event.currentTarget.value)}
      >
        {props.none !== undefined && <Select.Option value="">{props.none}</Select.Option>}
        {props.options.map((option) => (
          <Select.Option key={option.value} value={option.value}>
            {option.text}
          </Select.Option>
        ))}
      </Select>
      {props.error !== undefined && <ValidationMessage>{props.error}</ValidationMessage>}
    </Field>
  );
}
