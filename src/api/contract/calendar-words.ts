/* Of the calendar, what the page needs as values: apart from the schemas, since the page does not load zod. */
export { governsByKind } from '../../model/calendar.ts';
