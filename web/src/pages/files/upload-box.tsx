/** A file by drop or by choice; the keyboard's way is the file field itself. */
import { Field, Input, Label, Spinner } from '@digdir/designsystemet-react';
import { useMutation } from '@tanstack/react-query';
import { useId, useState } from 'react';
import type { Organisation } from '../../answers.ts';
import { sendFile, toPath } from '../../api.ts';
import { useText } from '../../i18n/language.tsx';
import { Problem } from '../../parts/problem.tsx';
import type { Upload } from './file-answers.ts';

export function UploadBox(props: {
  readonly organisation: Organisation;
  readonly onUpload: (upload: Upload) => void;
}) {
  const t = useText('files');
  const id = useId();
  const [over, setOver] = useState(false);
  const send = useMutation({
    mutationFn: (file: File) =>
      sendFile<Upload>(
        toPath('/api/v1/imports', { organisation: props.organisation.id, name: file.name }),
        file,
      ),
    onSuccess: props.onUpload,
  });
  const take = (files: FileList | null) => {
    const file = files?.[0];
    if (file && !send.isPending) send.mutate(file);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is a shortcut; the field inside does the same
    <div
      className="torv-drop"
      data-over={over}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        take(event.dataTransfer.files);
      }}
    >
      <p>{t('drop')}</p>
      <Field>
        <Label htmlFor={id}>{t('file')}</Label>
        <Field.Description>{t('file_help')}</Field.Description>
        <Input
          id={id}
          type="file"
          accept=".csv,.tsv,.txt,.ndjson,.jsonl,text/csv"
          disabled={send.isPending}
          onChange={(event) => take(event.currentTarget.files)}
        />
      </Field>
      <div role="status">{send.isPending && <Spinner aria-label={t('uploading')} data-size="sm" />}</div>
      {send.error && <Problem error={send.error} />}
    </div>
  );
}
