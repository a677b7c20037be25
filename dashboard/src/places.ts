/* The page's places in the order of the navigation. A place stands here once it exists: no link leads nowhere. */
export const places = [
  { path: '/', title: 'Overview' },
  { path: '/incidents', title: 'Incidents' },
  { path: '/services', title: 'Services' },
  { path: '/alerts', title: 'Alerts' },
  { path: '/anomalies', title: 'Anomalies' },
  { path: '/calendar', title: 'Calendar' },
  { path: '/explore', title: 'Explore' },
  { path: '/forecasts', title: 'Forecasts' },
  { path: '/notification', title: 'Notification' },
  { path: '/models', title: 'Models and ledger' },
  { path: '/status', title: 'Status' },
  { path: '/users', title: 'Users' },
  { path: '/audit', title: 'Audit' },
  { path: '/settings', title: 'Settings' },
] as const;

/** Places that only admins are shown: others would be refused there. */
const adminPlaces: readonly string[] = ['/audit'];

export function placesFor(scope: string | undefined): readonly (typeof places)[number][] {
  return scope === 'admin' ? places : places.filter((place) => !adminPlaces.includes(place.path));
}
