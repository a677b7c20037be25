import { Component, lazy, type ReactNode, Suspense, useEffect, useMemo, useState } from 'react';
import { Link, Route, Switch, useLocation, useSearch } from 'wouter';
import { openIncidents, useApi } from './api.ts';
import { instantWithZone } from './format.ts';
import { onAnnouncement, startLive, useConnection } from './live.ts';
import { Overview } from './pages/overview.tsx';
import { Icon, Logo } from './parts/icons.tsx';
import { KeysDialog, useGlobalKeys } from './parts/keys.tsx';
import { RangePicker } from './parts/range-picker.tsx';
import { Modal } from './parts/sheet.tsx';
import { Nothing, PageSkeleton, ProblemNotice } from './parts/states.tsx';
import { places, placesFor } from './places.ts';
import { rangeSearch } from './range.ts';

const Palette = lazy(async () => ({ default: (await import('./parts/palette.tsx')).Palette }));
const HostPage = lazy(async () => ({ default: (await import('./pages/host.tsx')).HostPage }));
const IncidentsPage = lazy(async () => ({ default: (await import('./pages/incidents.tsx')).IncidentsPage }));
const IncidentPage = lazy(async () => ({ default: (await import('./pages/incident.tsx')).IncidentPage }));
const CalendarPage = lazy(async () => ({ default: (await import('./pages/calendar.tsx')).CalendarPage }));
const AlertsPage = lazy(async () => ({ default: (await import('./pages/alerts.tsx')).AlertsPage }));
const ServicesPage = lazy(async () => ({ default: (await import('./pages/services.tsx')).ServicesPage }));
const ServicePage = lazy(async () => ({ default: (await import('./pages/service.tsx')).ServicePage }));
const AnomaliesPage = lazy(async () => ({ default: (await import('./pages/anomalies.tsx')).AnomaliesPage }));
const ExplorePage = lazy(async () => ({ default: (await import('./pages/explore.tsx')).ExplorePage }));
const ForecastsPage = lazy(async () => ({ default: (await import('./pages/forecasts.tsx')).ForecastsPage }));
const ModelsPage = lazy(async () => ({ default: (await import('./pages/models.tsx')).ModelsPage }));
const NotificationPage = lazy(async () => ({ default: (await import('./pages/notification.tsx')).NotificationPage }));
const SignIn = lazy(async () => ({ default: (await import('./pages/sign-in.tsx')).SignIn }));
const SetPassword = lazy(async () => ({ default: (await import('./pages/sign-in.tsx')).SetPassword }));
const UsersPage = lazy(async () => ({ default: (await import('./pages/users.tsx')).UsersPage }));
const AuditPage = lazy(async () => ({ default: (await import('./pages/audit.tsx')).AuditPage }));
const StatusPage = lazy(async () => ({ default: (await import('./pages/status.tsx')).StatusPage }));
const SettingsPage = lazy(async () => ({ default: (await import('./pages/settings.tsx')).SettingsPage }));

export function App() {
  const session = useApi('session', {}, { staleTime: 5 * 60_000 });
  const signedIn = session.data !== undefined;
  useEffect(() => {
    if (signedIn) startLive();
  }, [signedIn]);
  if (session.problem?.status === 401)
    return (
      <Suspense>
        <SignIn problem={session.problem} retry={session.refetch} />
      </Suspense>
    );
  if (session.data?.needs === 'password')
    return (
      <Suspense>
        <SetPassword name={session.data.userId} />
      </Suspense>
    );
  return (
    <Frame problem={session.data === undefined ? session.problem : null} retry={session.refetch} ready={signedIn} />
  );
}

function Frame({
  problem,
  retry,
  ready,
}: {
  problem: Parameters<typeof ProblemNotice>[0]['problem'] | null;
  retry: () => void;
  ready: boolean;
}) {
  const [open, setOpen] = useState<'palette' | 'keys' | null>(null);
  const actions = useMemo(() => ({ palette: () => setOpen('palette'), keys: () => setOpen('keys') }), []);
  useGlobalKeys(actions);
  const close = () => setOpen(null);
  return (
    <>
      <a className="skip" href="#content" onClick={focusContent}>
        To the content
      </a>
      <div className="frame">
        <Side onKeys={actions.keys} />
        <div>
          <header className="top">
            <PlacesMenu />
            <RangePicker />
            <span className="grow" />
            <LiveState />
            <button type="button" className="search-button" onClick={actions.palette}>
              <Icon name="search" />
              <span>Go to …</span>
              <kbd>Ctrl K</kbd>
            </button>
          </header>
          <main id="content" tabIndex={-1}>
            <Reconnecting />
            <Demonstration />
            {problem !== null && <ProblemNotice problem={problem} retry={retry} />}
            {ready ? <Places /> : problem === null && <PageSkeleton />}
          </main>
        </div>
      </div>
      <Announcer />
      <Suspense>{open === 'palette' && <Palette onClose={close} />}</Suspense>
      {open === 'keys' && <KeysDialog onClose={close} />}
    </>
  );
}

function focusContent(event: React.MouseEvent): void {
  event.preventDefault();
  document.getElementById('content')?.focus();
}

function Places() {
  const [path] = useLocation();
  useTitle(path);
  return (
    <Broken key={path.split('/')[1]}>
      <Suspense fallback={<PageSkeleton />}>
        <Switch>
          <Route path="/" component={Overview} />
          <Route path="/hosts/*">{(params) => <HostPage id={params['*'] ?? ''} />}</Route>
          <Route path="/incidents" component={IncidentsPage} />
          <Route path="/incidents/*">{(params) => <IncidentPage id={params['*'] ?? ''} />}</Route>
          <Route path="/alerts/:section?">{(params) => <AlertsPage section={params.section ?? 'now'} />}</Route>
          <Route path="/services" component={ServicesPage} />
          <Route path="/services/*">{(params) => <ServicePage id={params['*'] ?? ''} />}</Route>
          <Route path="/anomalies">{() => <AnomaliesPage id={null} />}</Route>
          <Route path="/anomalies/*">{(params) => <AnomaliesPage id={params['*'] ?? null} />}</Route>
          <Route path="/calendar" component={CalendarPage} />
          <Route path="/explore" component={ExplorePage} />
          <Route path="/forecasts" component={ForecastsPage} />
          <Route path="/notification" component={NotificationPage} />
          <Route path="/models" component={ModelsPage} />
          <Route path="/status" component={StatusPage} />
          <Route path="/users/:section?">{(params) => <UsersPage section={params.section ?? null} />}</Route>
          <Route path="/audit" component={AuditPage} />
          <Route path="/settings/:section?">
            {(params) => <SettingsPage section={params.section ?? 'configuration'} />}
          </Route>
          <Route>
            <Nothing title="There is no such page">
              The address may be mistyped.{' '}
              <Link className="link" href="/">
                Go to the overview
              </Link>
              , or press Ctrl K to search.
            </Nothing>
          </Route>
        </Switch>
      </Suspense>
    </Broken>
  );
}

function useTitle(path: string): void {
  const { data } = useApi('overview');
  const needing = (data?.alerts.length ?? 0) + (data?.anomalies.length ?? 0);
  const place = places.find((p) => (p.path === '/' ? path === '/' : path.startsWith(p.path)));
  const title = `${needing > 0 ? `(${needing}) ` : ''}${place?.title ?? (path.startsWith('/hosts') ? 'Host' : 'Auspex')} · Auspex`;
  useEffect(() => {
    document.title = title;
  }, [title]);
}

function isHere(path: string, place: string): boolean {
  return place === '/' ? path === '/' || path.startsWith('/hosts') : path === place || path.startsWith(`${place}/`);
}

function Side({ onKeys }: { onKeys: () => void }) {
  const [path] = useLocation();
  const search = useSearch();
  const { data } = useApi('overview');
  const incidents = useApi('incidents', openIncidents);
  const open: Readonly<Record<string, number>> = {
    '/incidents': incidents.data?.items.length ?? 0,
    '/anomalies': data?.anomalies.length ?? 0,
  };
  const { data: session } = useApi('session', {}, { staleTime: 5 * 60_000 });
  return (
    <aside className="side">
      <Link href="/" className="brand">
        <Logo /> Auspex
      </Link>
      <nav className="places" aria-label="Places">
        {placesFor(session?.scope).map((place) => (
          <Link
            key={place.path}
            href={`${place.path}${rangeSearch(search)}`}
            aria-current={isHere(path, place.path) ? 'page' : undefined}
          >
            {place.title}
            {(open[place.path] ?? 0) > 0 && (
              <span className="tally">
                {open[place.path]}
                <span className="hidden-text"> open</span>
              </span>
            )}
          </Link>
        ))}
      </nav>
      <div className="foot">
        {session?.needs === 'account' && (
          <Link className="link" href="/users/account">
            Make your account
          </Link>
        )}
        <button type="button" onClick={onKeys}>
          Keys <kbd>?</kbd>
        </button>
      </div>
    </aside>
  );
}

/** The places on a phone. */
function PlacesMenu() {
  const [path] = useLocation();
  const search = useSearch();
  const [open, setOpen] = useState(false);
  const close = () => setOpen(false);
  const { data: session } = useApi('session', {}, { staleTime: 5 * 60_000 });
  return (
    <>
      <button
        type="button"
        className="icon-button menu"
        aria-label="Places"
        aria-haspopup="dialog"
        onClick={() => setOpen(true)}
      >
        <Icon name="menu" />
      </button>
      {open && (
        <Modal open onClose={close} title="Places">
          <nav className="places form" aria-label="Places">
            {placesFor(session?.scope).map((place) => (
              <Link
                key={place.path}
                href={`${place.path}${rangeSearch(search)}`}
                onClick={close}
                data-row=""
                aria-current={isHere(path, place.path) ? 'page' : undefined}
              >
                {place.title}
              </Link>
            ))}
          </nav>
        </Modal>
      )}
    </>
  );
}

function LiveState() {
  const { state, since } = useConnection();
  return (
    <span className="live" data-state={state} title={`${state} since ${instantWithZone(since)}`}>
      <i aria-hidden="true" />
      {state}
    </span>
  );
}

function Demonstration() {
  const { data: session } = useApi('session', {}, { staleTime: 5 * 60_000 });
  if (session?.demonstration !== true) return null;
  return (
    <p className="demonstration">
      <b>DEMONSTRATION</b> A recorded fault at ten times its speed. Nothing here is about your machines.
    </p>
  );
}

function Reconnecting() {
  const { state, since } = useConnection();
  if (state !== 'reconnecting') return null;
  return (
    <p className="hidden-text" role="status">
      The connection was lost at {instantWithZone(since)}. What is shown is from then; this page reconnects by itself.
    </p>
  );
}

function Announcer() {
  const [text, setText] = useState('');
  useEffect(() => onAnnouncement(setText), []);
  return (
    <p className="hidden-text" role="status" aria-live="polite">
      {text}
    </p>
  );
}

/** Keeps a fault in one page from taking the others with it. */
class Broken extends Component<{ children: ReactNode }, { message: string | null }> {
  override state = { message: null };
  static getDerivedStateFromError(thrown: unknown): { message: string } {
    return { message: thrown instanceof Error ? thrown.message : String(thrown) };
  }
  override render() {
    if (this.state.message === null) return this.props.children;
    return (
      <ProblemNotice
        problem={{
          type: 'about:blank',
          title: 'This page could not be shown',
          status: 0,
          code: 'INTERNAL',
          detail: this.state.message,
          remedy:
            'Reload it. If Auspex was just updated, that is all it needs; if it stays, report it with `auspex doctor --bundle`.',
        }}
        retry={() => location.reload()}
      />
    );
  }
}
