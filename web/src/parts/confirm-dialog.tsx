/** Asks before something is destroyed, and says what exactly will be lost and whether it can be undone. */
import { Button, Dialog, Heading, List, Paragraph } from '@digdir/designsystemet-react';
import { useText } from '../i18n/language.tsx';

interface ConfirmDialogProps {
  readonly open: boolean;
  readonly title: string;
  /** One line per thing that goes: "412 readings from 3 May to today". */
  readonly lost: readonly string[];
  /** What stays, as a sentence. */
  readonly kept?: string;
  readonly undoable: boolean;
  /** The verb on the button: "Delete the room". */
  readonly confirm: string;
  readonly busy?: boolean;
  readonly onConfirm: () => void;
  readonly onCancel: () => void;
}

export function ConfirmDialog(props: ConfirmDialogProps) {
  const t = useText('shell');
  return (
    <Dialog open={props.open} onClose={props.onCancel} closeButton={t('close')}>
      <Dialog.Block>
        <Heading level={2} data-size="xs">
          {props.title}
        </Heading>
      </Dialog.Block>
      <Dialog.Block>
        <div className="torv-stack">
          {props.lost.length > 0 && (
            <>
              <Paragraph>{t('confirm_lost')}</Paragraph>
              <List.Unordered>
                {props.lost.map((line) => (
                  <List.Item key={line}>{line}</List.Item>
                ))}
              </List.Unordered>
            </>
          )}
          {props.kept !== undefined && <Paragraph>{props.kept}</Paragraph>}
          <Paragraph>{t(props.undoable ? 'confirm_undo' : 'confirm_final')}</Paragraph>
        </div>
      </Dialog.Block>
      <Dialog.Block>
        <div className="torv-row">
          <Button
            data-color={props.undoable ? 'accent' : 'danger'}
            loading={props.busy ?? false}
            onClick={props.onConfirm}
          >
            {props.confirm}
          </Button>
          <Button variant="tertiary" onClick={props.onCancel}>
            {t('cancel')}
          </Button>
        </div>
      </Dialog.Block>
    </Dialog>
  );
}
