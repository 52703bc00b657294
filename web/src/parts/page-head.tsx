/** The top of every page: where am I, the one H1, the answer in a sentence, the one primary action. */
import { Breadcrumbs, Heading } from '@digdir/designsystemet-react';
import { Link as RouterLink } from '@tanstack/react-router';
import { type ReactNode, useEffect } from 'react';
import { useText } from '../i18n/language.tsx';
import './page-head.css';

/** A step of the way; `to` is a path of this application ("/places/7"). */
interface Crumb {
  readonly name: string;
  readonly to: string;
}

interface PageHeadProps {
  readonly title: string;
  readonly crumbs?: readonly Crumb[];
  /** The answer, as a sentence. */
  readonly answer?: ReactNode;
  /** A mark beside the title: state, live. */
  readonly mark?: ReactNode;
  readonly action?: ReactNode;
}

export function PageHead(props: PageHeadProps) {
  const t = useText('shell');
  useEffect(() => {
    document.title = `${props.title} · Torv`;
  }, [props.title]);
  return (
    <div className="torv-page-head">
      {props.crumbs !== undefined && props.crumbs.length > 0 && (
        <Breadcrumbs aria-label={t('breadcrumb')}>
          <Breadcrumbs.List>
            {props.crumbs.map((crumb) => (
              <Breadcrumbs.Item key={crumb.to}>
                <Breadcrumbs.Link asChild>
                  <RouterLink to={crumb.to}>{crumb.name}</RouterLink>
                </Breadcrumbs.Link>
              </Breadcrumbs.Item>
            ))}
            <Breadcrumbs.Item>
              <Breadcrumbs.Link asChild>
                <RouterLink to=".">{props.title}</RouterLink>
              </Breadcrumbs.Link>
            </Breadcrumbs.Item>
          </Breadcrumbs.List>
        </Breadcrumbs>
      )}
      <div className="torv-page-title">
        <Heading level={1} data-size="md">
          {props.title}
        </Heading>
        {props.mark}
        {props.action !== undefined && <div className="torv-page-action torv-no-print">{props.action}</div>}
      </div>
      {props.answer !== undefined && <p className="torv-answer">{props.answer}</p>}
    </div>
  );
}
