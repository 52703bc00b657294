/**
 * The pages and their addresses. Each page is a lazily loaded chunk; its search parameters are checked here,
 * because the address of a page is its state (language and organisation stay on every address).
 */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  retainSearchParams,
} from '@tanstack/react-router';
import { isLanguage, type Language } from './i18n/languages.ts';
import { CrashPage, NotFoundPage } from './pages/failure-pages.tsx';
import { Layout } from './parts/layout.tsx';
import { SHOWN, type Shown } from './place-state.ts';
import { RANGES, type Range } from './range.ts';

interface RootSearch {
  readonly lang?: Language;
  readonly organisation?: string;
}

const rootRoute = createRootRoute({
  component: Layout,
  notFoundComponent: NotFoundPage,
  errorComponent: CrashPage,
  validateSearch: (search: Readonly<Record<string, unknown>>): RootSearch => ({
    ...(isLanguage(search.lang) ? { lang: search.lang } : {}),
    ...(typeof search.organisation === 'string' ? { organisation: search.organisation } : {}),
  }),
  search: { middlewares: [retainSearchParams(['lang', 'organisation'])] },
});

const mapRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/',
  component: lazyRouteComponent(() => import('./pages/map-page.tsx'), 'MapPage'),
});

const placesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/places',
  validateSearch: (search: Readonly<Record<string, unknown>>) => {
    const level = SHOWN.find((one) => one === search.level);
    return {
      ...(level ? { level } : {}),
      ...(typeof search.q === 'string' && search.q !== '' ? { q: search.q } : {}),
    } as { readonly level?: Shown; readonly q?: string };
  },
  component: lazyRouteComponent(() => import('./pages/places-page.tsx'), 'PlacesPage'),
});

const placeRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/places/$placeId',
  validateSearch: (search: Readonly<Record<string, unknown>>) => {
    const range = RANGES.find((one) => one === search.range);
    return {
      ...(range ? { range } : {}),
      ...(typeof search.property === 'string' ? { property: search.property } : {}),
    } as { readonly range?: Range; readonly property?: string };
  },
  component: lazyRouteComponent(() => import('./pages/place-page.tsx'), 'PlacePage'),
});

const signInRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sign-in',
  validateSearch: (search: Readonly<Record<string, unknown>>) =>
    (typeof search.return === 'string' ? { return: search.return } : {}) as { readonly return?: string },
  component: lazyRouteComponent(() => import('./pages/access/sign-in-page.tsx'), 'SignInPage'),
});

const welcomeRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/welcome',
  component: lazyRouteComponent(() => import('./pages/access/welcome-page.tsx'), 'WelcomePage'),
});

const passwordRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/password',
  component: lazyRouteComponent(() => import('./pages/access/password-page.tsx'), 'PasswordPage'),
});

const accountRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/account',
  component: lazyRouteComponent(() => import('./pages/access/account-page.tsx'), 'AccountPage'),
});

const settingsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/settings',
  component: lazyRouteComponent(() => import('./pages/access/settings-page.tsx'), 'SettingsPage'),
});

const usersRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/settings/users',
  component: lazyRouteComponent(() => import('./pages/access/users-page.tsx'), 'UsersPage'),
});

const keysRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/settings/keys',
  component: lazyRouteComponent(() => import('./pages/access/keys-page.tsx'), 'KeysPage'),
});

const contactsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/settings/contacts',
  component: lazyRouteComponent(() => import('./pages/access/contacts-page.tsx'), 'ContactsPage'),
});

const auditRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/settings/audit',
  component: lazyRouteComponent(() => import('./pages/access/audit-page.tsx'), 'AuditPage'),
});

const filesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/files',
  component: lazyRouteComponent(() => import('./pages/files/files-page.tsx'), 'FilesPage'),
});

const accessRoutes = [
  signInRoute,
  welcomeRoute,
  passwordRoute,
  accountRoute,
  settingsRoute,
  usersRoute,
  keysRoute,
  contactsRoute,
  auditRoute,
] as const;

const placeNewRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/places/new',
  validateSearch: (search: Readonly<Record<string, unknown>>) =>
    (search.parent === undefined ? {} : { parent: String(search.parent) }) as { readonly parent?: string },
  component: lazyRouteComponent(() => import('./pages/place-edit-page.tsx'), 'PlaceEditPage'),
});

const placeEditRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/places/$placeId/edit',
  component: lazyRouteComponent(() => import('./pages/place-edit-page.tsx'), 'PlaceEditPage'),
});

const groupRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/groups/$groupId',
  validateSearch: (search: Readonly<Record<string, unknown>>) =>
    (search.room === undefined ? {} : { room: String(search.room) }) as { readonly room?: string },
  component: lazyRouteComponent(() => import('./pages/group-page.tsx'), 'GroupPage'),
});

const DEVICES_SHOWN = ['silent', 'battery', 'signal', 'retired'] as const;

const devicesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/devices',
  validateSearch: (search: Readonly<Record<string, unknown>>) => {
    const show = DEVICES_SHOWN.find((one) => one === search.show);
    return {
      ...(show ? { show } : {}),
      ...(search.q === undefined || search.q === '' ? {} : { q: String(search.q) }),
    } as { readonly show?: (typeof DEVICES_SHOWN)[number]; readonly q?: string };
  },
  component: lazyRouteComponent(() => import('./pages/devices-page.tsx'), 'DevicesPage'),
});

const deviceRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/devices/$deviceId',
  component: lazyRouteComponent(() => import('./pages/device-page.tsx'), 'DevicePage'),
});

const deviceEditRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/devices/$deviceId/edit',
  component: lazyRouteComponent(() => import('./pages/device-edit-page.tsx'), 'DeviceEditPage'),
});

const deviceMoveRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/devices/$deviceId/move',
  component: lazyRouteComponent(() => import('./pages/device-move-page.tsx'), 'DeviceMovePage'),
});

const deviceReplaceRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/devices/$deviceId/replace',
  component: lazyRouteComponent(() => import('./pages/device-move-page.tsx'), 'DeviceReplacePage'),
});

const inboxRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/inbox',
  validateSearch: (search: Readonly<Record<string, unknown>>) =>
    (search.q === undefined || search.q === '' ? {} : { q: String(search.q) }) as { readonly q?: string },
  component: lazyRouteComponent(() => import('./pages/inbox-page.tsx'), 'InboxPage'),
});

const claimRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/inbox/$deviceId',
  component: lazyRouteComponent(() => import('./pages/claim-page.tsx'), 'ClaimPage'),
});

const claimRulesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/inbox/rules',
  component: lazyRouteComponent(() => import('./pages/claim-rules-page.tsx'), 'ClaimRulesPage'),
});

const claimRuleRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/inbox/rules/$ruleId',
  component: lazyRouteComponent(() => import('./pages/claim-rule-page.tsx'), 'ClaimRulePage'),
});

const registryRoutes = [
  placeNewRoute,
  placeEditRoute,
  groupRoute,
  devicesRoute,
  deviceRoute,
  deviceEditRoute,
  deviceMoveRoute,
  deviceReplaceRoute,
  inboxRoute,
  claimRoute,
  claimRulesRoute,
  claimRuleRoute,
] as const;

/** A wall screen; its secret stands in the fragment, which no router reads. */
const screenRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/screen',
  validateSearch: (search: Readonly<Record<string, unknown>>) =>
    (typeof search.place === 'number' ? { place: search.place } : {}) as { readonly place?: number },
  component: lazyRouteComponent(() => import('./pages/screen/screen-page.tsx'), 'ScreenPage'),
});

const sourcesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sources',
  component: lazyRouteComponent(() => import('./pages/sources/sources-page.tsx'), 'SourcesPage'),
});

const sourceNewRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sources/new',
  component: lazyRouteComponent(() => import('./pages/sources/source-new-page.tsx'), 'SourceNewPage'),
});

const sourceRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/sources/$sourceId',
  component: lazyRouteComponent(() => import('./pages/sources/source-page.tsx'), 'SourcePage'),
});

const codecsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/codecs',
  validateSearch: (search: Readonly<Record<string, unknown>>) =>
    (search.q === undefined || search.q === '' ? {} : { q: String(search.q) }) as { readonly q?: string },
  component: lazyRouteComponent(() => import('./pages/codecs/codecs-page.tsx'), 'CodecsPage'),
});

const benchSearch = (search: Readonly<Record<string, unknown>>) =>
  (search.device === undefined ? {} : { device: String(search.device) }) as { readonly device?: string };

const codecNewRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/codecs/new',
  validateSearch: benchSearch,
  component: lazyRouteComponent(() => import('./pages/codecs/codec-bench-page.tsx'), 'CodecNewPage'),
});

const codecBenchRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/codecs/$codecId/bench',
  validateSearch: benchSearch,
  component: lazyRouteComponent(() => import('./pages/codecs/codec-bench-page.tsx'), 'CodecBenchPage'),
});

const technicianRoutes = [
  sourcesRoute,
  sourceNewRoute,
  sourceRoute,
  codecsRoute,
  codecNewRoute,
  codecBenchRoute,
] as const;

/** Which request is open, and what was sent: path and query behind the service's root. */
const developersRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: '/developers',
  validateSearch: (search: Readonly<Record<string, unknown>>) =>
    ({
      ...(typeof search.request === 'string' ? { request: search.request } : {}),
      ...(typeof search.url === 'string' ? { url: search.url } : {}),
    }) as { readonly request?: string; readonly url?: string },
  component: lazyRouteComponent(() => import('./pages/developers/developers-page.tsx'), 'DevelopersPage'),
});

const routeTree = rootRoute.addChildren([
  screenRoute,
  mapRoute,
  placesRoute,
  placeRoute,
  filesRoute,
  developersRoute,
  ...accessRoutes,
  ...registryRoutes,
  ...technicianRoutes,
]);

export const router = createRouter({
  routeTree,
  defaultPreload: 'intent',
  scrollRestoration: true,
  defaultErrorComponent: CrashPage,
  defaultNotFoundComponent: NotFoundPage,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
