/* What the page needs at run time, apart from the schemas, so that it need not load them. */
export { severityRank } from '../../model/finding.ts';
export { incidentClassWords } from '../../model/incident.ts';
