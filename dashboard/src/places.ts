/* The page's places in the order of the navigation. A place stands here once it exists: no link leads nowhere. */
export const places = [
  { path: '/', title: 'Overview' },
  { path: '/anomalies', title: 'Anomalies' },
  { path: '/explore', title: 'Explore' },
  { path: '/forecasts', title: 'Forecasts' },
  { path: '/models', title: 'Models and ledger' },
  { path: '/status', title: 'Status' },
  { path: '/settings', title: 'Settings' },
] as const;
