/**
 * For developers: where the service is and the ten requests that matter, each to be changed and sent from here with
 * the visitor's own rights. Open to everybody; what is not public is answered only to those who may see it.
 */
import { Alert, Details, Link, Paragraph } from '@digdir/designsystemet-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link as RouterLink, useRouterState } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useText } from '../../i18n/language.tsx';
import { toSignIn } from '../../parts/header.tsx';
import { PageHead } from '../../parts/page-head.tsx';
import { mayAct, useOrganisation, useSession } from '../../session.ts';
import { readAddress } from './address.ts';
import { Command } from './command.tsx';
import {
  GUIDE_SAMPLE,
  isRead,
  READS,
  REQUEST_KEYS,
  type RequestKey,
  type Sample,
  toMqttCommands,
  toWrites,
} from './guide.ts';
import { presumedService, type Service, sampleQuery, serviceQuery } from './service.ts';
import { TryRequest } from './try-request.tsx';
import './developers.css';

const route = getRouteApi('/developers');
/** In the address when all requests are closed. */
const NONE = 'none';

export function DevelopersPage() {
  const t = useText('developers');
  const session = useSession();
  const service = useQuery(serviceQuery);
  const sample = useQuery(sampleQuery);
  const isSignedIn = session?.user != null;
  const found = service.data ?? presumedService();
  return (
    <>
      <PageHead title={t('title')} answer={t('about')} />
      <div className="torv-developers">
        <Command label={t('root_label')} text={found.root} />
        <p className="torv-prose">
          {t(isSignedIn ? 'seen_own' : 'seen_public')} {!isSignedIn && <SignIn text={t('sign_in')} />}
        </p>
        {sample.data === null && <Alert data-color="info">{t('nothing_yet')}</Alert>}
        <h2 className="torv-section-title">{t('requests_title')}</h2>
        {/* usable at once: until a real series is found the examples are the guide's */}
        <Requests sample={sample.data ?? GUIDE_SAMPLE} service={found} />
        <Keys />
        <h2 className="torv-section-title">{t('more_title')}</h2>
        <ul className="torv-prose">
          <li>
            <Link href="/api/openapi.json">{t('more_openapi')}</Link>
          </li>
          <li>
            <Link href="https://docs.ogc.org/is/18-088/18-088.html">{t('more_standard')}</Link>
          </li>
        </ul>
      </div>
    </>
  );
}

function SignIn(props: { readonly text: string }) {
  const href = useRouterState({ select: (state) => state.location.href });
  return (
    <Link asChild>
      <RouterLink to={toSignIn(href)}>{props.text}</RouterLink>
    </Link>
  );
}

function Requests(props: { readonly sample: Sample; readonly service: Service }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { sample, service } = props;
  const open = search.request === undefined ? 'root' : REQUEST_KEYS.find((key) => key === search.request);
  const url = search.url === undefined ? undefined : readAddress(search.url, service.roots);
  const toggle = (key: RequestKey) =>
    void navigate({
      search: ({ url: _, ...old }) => ({ ...old, request: key === open ? NONE : key }),
      replace: true,
      resetScroll: false,
    });
  return (
    <ol className="torv-requests">
      {REQUEST_KEYS.map((key, i) => (
        <li key={key}>
          <Request request={key} number={i + 1} open={key === open} onToggle={() => toggle(key)}>
            {isRead(key) ? (
              <TryRequest request={key} example={READS[key](sample)} url={url} service={service} />
            ) : key === 'write' ? (
              <Write sample={sample} service={service} />
            ) : (
              <Mqtt sample={sample} service={service} />
            )}
          </Request>
        </li>
      ))}
    </ol>
  );
}

interface RequestProps {
  readonly request: RequestKey;
  readonly number: number;
  readonly open: boolean;
  readonly onToggle: () => void;
  readonly children: ReactNode;
}

function Request(props: RequestProps) {
  const t = useText('developers');
  return (
    <Details open={props.open} onToggle={props.onToggle}>
      <Details.Summary>
        <span className="torv-request-name">
          <span className="torv-request-number">{props.number}</span>
          <span>
            {t(`${props.request}_title`)}
            <span className="torv-request-purpose">{t(`${props.request}_purpose`)}</span>
          </span>
        </span>
      </Details.Summary>
      <Details.Content>{props.open && props.children}</Details.Content>
    </Details>
  );
}

function Write(props: { readonly sample: Sample; readonly service: Service }) {
  const t = useText('developers');
  const now = `${new Date().toISOString().slice(0, 16)}:00Z`;
  const [one = '', many = ''] = toWrites(props.service.root, props.sample, now);
  return (
    <div className="torv-try">
      <Paragraph className="torv-prose">{t('write_about')}</Paragraph>
      <Command label={t('write_single')} text={one} />
      <Command label={t('write_many')} text={many} />
      <KeyLine />
    </div>
  );
}

function Mqtt(props: { readonly sample: Sample; readonly service: Service }) {
  const t = useText('developers');
  const { mqtt } = props.service;
  if (mqtt === undefined) return <Paragraph className="torv-prose">{t('mqtt_off')}</Paragraph>;
  const [listen = '', write = ''] = toMqttCommands(mqtt, props.sample);
  return (
    <div className="torv-try">
      <Paragraph className="torv-prose">{t('mqtt_about')}</Paragraph>
      <Command label={t('mqtt_listen')} text={listen} />
      <Command label={t('mqtt_write')} text={write} />
      <KeyLine />
    </div>
  );
}

function KeyLine() {
  const t = useText('developers');
  return (
    <Paragraph className="torv-prose">
      {t('key_line')} <Link href="#keys">{t('keys_title')}</Link>
    </Paragraph>
  );
}

function Keys() {
  const t = useText('developers');
  const session = useSession();
  const organisation = useOrganisation();
  return (
    <>
      <h2 id="keys" className="torv-section-title">
        {t('keys_title')}
      </h2>
      <Paragraph className="torv-prose">{t('keys_about')}</Paragraph>
      <Paragraph className="torv-prose">
        {mayAct(organisation, 'administrator') ? (
          <Link asChild>
            <RouterLink to="/settings/keys">{t('keys_make')}</RouterLink>
          </Link>
        ) : session?.user == null ? (
          <>
            {t('keys_ask')} <SignIn text={t('sign_in')} />
          </>
        ) : (
          t('keys_ask')
        )}
      </Paragraph>
    </>
  );
}
