/** Files in and out: upload, say what it is, preview, confirm, report; and everything out again. For staff. */
import { Button, Heading } from '@digdir/designsystemet-react';
import { useState } from 'react';
import type { Organisation } from '../../answers.ts';
import { useText } from '../../i18n/language.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { mayAct } from '../../session.ts';
import { WithOrganisation } from '../access/with-organisation.tsx';
import { ExportPart } from './export-part.tsx';
import type { Upload } from './file-answers.ts';
import { ImportPart } from './import-part.tsx';
import { UploadBox } from './upload-box.tsx';
import './files.css';

export function FilesPage() {
  return <WithOrganisation>{(organisation) => <Files organisation={organisation} />}</WithOrganisation>;
}

function Files(props: { readonly organisation: Organisation }) {
  const t = useText('files');
  const { organisation } = props;
  const [upload, setUpload] = useState<Upload | null>(null);
  const mayImport = mayAct(organisation, 'editor');
  return (
    <>
      <PageHead
        title={t('title')}
        answer={t('intro')}
        action={
          upload === null ? undefined : (
            <Button variant="secondary" onClick={() => setUpload(null)}>
              {t('another_file')}
            </Button>
          )
        }
      />
      <section>
        <Heading level={2} data-size="xs">
          {t('import_title')}
        </Heading>
        {!mayImport && <p>{t('viewer_text')}</p>}
        {mayImport && upload === null && <UploadBox organisation={organisation} onUpload={setUpload} />}
        {mayImport && upload !== null && (
          <ImportPart key={upload.id} organisation={organisation} upload={upload} />
        )}
      </section>
      <ExportPart organisation={organisation} />
    </>
  );
}
