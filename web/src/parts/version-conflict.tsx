/** Two people changed one thing: both texts side by side, and the choice. Neither text is ever thrown away unseen. */
import { Alert, Button, Heading, Paragraph, Table } from '@digdir/designsystemet-react';
import { useText } from '../i18n/language.tsx';

export interface ConflictField {
  readonly label: string;
  readonly mine: string;
  readonly theirs: string;
}

interface VersionConflictProps {
  /** Only the fields that differ. */
  readonly fields: readonly ConflictField[];
  readonly onKeepMine: () => void;
  readonly onKeepTheirs: () => void;
}

export function VersionConflict(props: VersionConflictProps) {
  const t = useText('shell');
  const shown = (text: string) => (text === '' ? <i className="torv-quiet">{t('conflict_empty')}</i> : text);
  return (
    <Alert data-color="warning" role="alert">
      <Heading level={2} data-size="2xs">
        {t('conflict_title')}
      </Heading>
      <Paragraph>{t('conflict_text')}</Paragraph>
      <div style={{ overflowX: 'auto' }}>
        <Table border>
          <Table.Head>
            <Table.Row>
              <Table.HeaderCell scope="col">{t('conflict_field')}</Table.HeaderCell>
              <Table.HeaderCell scope="col">{t('conflict_mine')}</Table.HeaderCell>
              <Table.HeaderCell scope="col">{t('conflict_theirs')}</Table.HeaderCell>
            </Table.Row>
          </Table.Head>
          <Table.Body>
            {props.fields.map((field) => (
              <Table.Row key={field.label}>
                <Table.HeaderCell scope="row">{field.label}</Table.HeaderCell>
                <Table.Cell>{shown(field.mine)}</Table.Cell>
                <Table.Cell>{shown(field.theirs)}</Table.Cell>
              </Table.Row>
            ))}
          </Table.Body>
        </Table>
      </div>
      <div className="torv-row" style={{ marginTop: '1rem' }}>
        <Button onClick={props.onKeepMine}>{t('conflict_keep_mine')}</Button>
        <Button variant="secondary" onClick={props.onKeepTheirs}>
          {t('conflict_keep_theirs')}
        </Button>
      </div>
    </Alert>
  );
}
