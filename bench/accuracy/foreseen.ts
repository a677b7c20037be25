export { measure } from '../predict/foreseen.ts';
