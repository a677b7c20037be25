export * from './backtest.ts';
export * from './calibrators.ts';
export * from './classification.ts';
export * from './events.ts';
export * from './forecast-error.ts';
export * from './nab.ts';
export * from './vus-pr.ts';
