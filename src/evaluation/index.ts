export * from './backtest.ts';
export * from './classification.ts';
export * from './forecast-error.ts';
export * from './grouping.ts';
export * from './m4.ts';
export * from './nab.ts';
