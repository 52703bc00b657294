/** Starts the web application: the stored look, the language's words, then the first page. */
import '@fontsource-variable/inter/wght.css';
import '@digdir/designsystemet-css';
import './theme/tokens.css';
import './theme/torv.css';
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ApiProblem } from './api.ts';
import { LanguageProvider, prepareLanguage, wishedLanguage } from './i18n/language.tsx';
import { applyStoredScheme } from './parts/color-scheme.ts';
import { toSignIn } from './parts/header.tsx';
import { router } from './routes.tsx';

/** Whoever must sign in comes back to where they were. Wrong details on the sign-in page are its own matter. */
function onProblem(error: unknown): void {
  if (!(error instanceof ApiProblem) || error.code !== 'SIGNED_OUT') return;
  const { href, pathname } = router.state.location;
  if (pathname !== '/sign-in') void router.navigate({ href: toSignIn(href) });
}

const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError: onProblem }),
  mutationCache: new MutationCache({ onError: onProblem }),
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      retry: (count, error) =>
        count < 2 && error instanceof ApiProblem && (error.status === 0 || error.status >= 502),
    },
  },
});

async function start(): Promise<void> {
  applyStoredScheme();
  if (import.meta.env.DEV) {
    const wanted =
      import.meta.env.MODE === 'fixtures' || new URLSearchParams(window.location.search).has('fixtures');
    if (wanted) (await import('./fixtures/install.ts')).installFixtures();
  }
  const language = wishedLanguage();
  // before the words are there: a screen reader and the browser's own translation ask as soon as the page is loaded
  document.documentElement.lang = language;
  await prepareLanguage(language);
  const root = document.getElementById('root');
  if (root === null) throw new Error('index.html has no #root');
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={queryClient}>
        <LanguageProvider initial={language}>
          <RouterProvider router={router} />
        </LanguageProvider>
      </QueryClientProvider>
    </StrictMode>,
  );
}

void start();
