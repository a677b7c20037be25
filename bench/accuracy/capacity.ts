export { measure } from '../predict/capacity.ts';
