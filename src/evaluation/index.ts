export * from './backtest.ts';
export * from './classification.ts';
export * from './forecast-error.ts';
