export { measure } from '../predict/used-up.ts';
