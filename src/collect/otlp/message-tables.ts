/** How a value is written in JSON and in bytes; a table is a message. */
export type FieldForm =
  | 'string'
  | 'hex'
  | 'base64'
  | 'bool'
  | 'double'
  | 'fixed64'
  | 'fixed32'
  | 'int64'
  | 'uint32'
  | 'sint32'
  | MessageTable;

export interface FieldRow {
  readonly number: number;
  readonly form: FieldForm;
  readonly isRepeated: boolean;
}

/** A message's fields by the names that OTLP's JSON has (lowerCamelCase only). What we never read is not listed, and is passed over. */
export interface MessageTable {
  readonly name: string;
  readonly fields: ReadonlyMap<string, FieldRow>;
}

function message(
  name: string,
  fields: Readonly<Record<string, readonly [number, FieldForm, 'repeated'?]>>,
): MessageTable {
  const rows = Object.entries(fields).map(([field, [number, form, repeated]]): [string, FieldRow] => [
    field,
    { number, form, isRepeated: repeated !== undefined },
  ]);
  return { name, fields: new Map(rows) };
}

// The one message that holds itself.
const anyValueFields = new Map<string, FieldRow>();
const anyValue: MessageTable = { name: 'AnyValue', fields: anyValueFields };
const keyValue = message('KeyValue', { key: [1, 'string'], value: [2, anyValue] });
const arrayValue = message('ArrayValue', { values: [1, anyValue, 'repeated'] });
const keyValueList = message('KeyValueList', { values: [1, keyValue, 'repeated'] });
for (const [name, number, form] of [
  ['stringValue', 1, 'string'],
  ['boolValue', 2, 'bool'],
  ['intValue', 3, 'int64'],
  ['doubleValue', 4, 'double'],
  ['arrayValue', 5, arrayValue],
  ['kvlistValue', 6, keyValueList],
  ['bytesValue', 7, 'base64'],
] as const)
  anyValueFields.set(name, { number, form, isRepeated: false });

const resource = message('Resource', { attributes: [1, keyValue, 'repeated'] });
const scope = message('InstrumentationScope', { name: [1, 'string'], version: [2, 'string'] });

const numberDataPoint = message('NumberDataPoint', {
  attributes: [7, keyValue, 'repeated'],
  startTimeUnixNano: [2, 'fixed64'],
  timeUnixNano: [3, 'fixed64'],
  asDouble: [4, 'double'],
  asInt: [6, 'fixed64'],
  flags: [8, 'uint32'],
});
const histogramDataPoint = message('HistogramDataPoint', {
  attributes: [9, keyValue, 'repeated'],
  startTimeUnixNano: [2, 'fixed64'],
  timeUnixNano: [3, 'fixed64'],
  count: [4, 'fixed64'],
  sum: [5, 'double'],
  bucketCounts: [6, 'fixed64', 'repeated'],
  explicitBounds: [7, 'double', 'repeated'],
  flags: [10, 'uint32'],
});
const buckets = message('Buckets', { offset: [1, 'sint32'], bucketCounts: [2, 'int64', 'repeated'] });
const exponentialDataPoint = message('ExponentialHistogramDataPoint', {
  attributes: [1, keyValue, 'repeated'],
  startTimeUnixNano: [2, 'fixed64'],
  timeUnixNano: [3, 'fixed64'],
  count: [4, 'fixed64'],
  sum: [5, 'double'],
  scale: [6, 'sint32'],
  zeroCount: [7, 'fixed64'],
  positive: [8, buckets],
  negative: [9, buckets],
  flags: [10, 'uint32'],
  zeroThreshold: [14, 'double'],
});
const valueAtQuantile = message('ValueAtQuantile', { quantile: [1, 'double'], value: [2, 'double'] });
const summaryDataPoint = message('SummaryDataPoint', {
  attributes: [7, keyValue, 'repeated'],
  startTimeUnixNano: [2, 'fixed64'],
  timeUnixNano: [3, 'fixed64'],
  count: [4, 'fixed64'],
  sum: [5, 'double'],
  quantileValues: [6, valueAtQuantile, 'repeated'],
  flags: [8, 'uint32'],
});
const metric = message('Metric', {
  name: [1, 'string'],
  unit: [3, 'string'],
  gauge: [5, message('Gauge', { dataPoints: [1, numberDataPoint, 'repeated'] })],
  sum: [
    7,
    message('Sum', {
      dataPoints: [1, numberDataPoint, 'repeated'],
      aggregationTemporality: [2, 'uint32'],
      isMonotonic: [3, 'bool'],
    }),
  ],
  histogram: [
    9,
    message('Histogram', { dataPoints: [1, histogramDataPoint, 'repeated'], aggregationTemporality: [2, 'uint32'] }),
  ],
  exponentialHistogram: [
    10,
    message('ExponentialHistogram', {
      dataPoints: [1, exponentialDataPoint, 'repeated'],
      aggregationTemporality: [2, 'uint32'],
    }),
  ],
  summary: [11, message('Summary', { dataPoints: [1, summaryDataPoint, 'repeated'] })],
});
const logRecord = message('LogRecord', {
  timeUnixNano: [1, 'fixed64'],
  observedTimeUnixNano: [11, 'fixed64'],
  severityNumber: [2, 'uint32'],
  severityText: [3, 'string'],
  body: [5, anyValue],
  attributes: [6, keyValue, 'repeated'],
  traceId: [9, 'hex'],
  spanId: [10, 'hex'],
  eventName: [12, 'string'],
});

/** The body of `/v1/metrics`. */
export const metricsRequest = message('ExportMetricsServiceRequest', {
  resourceMetrics: [
    1,
    message('ResourceMetrics', {
      resource: [1, resource],
      scopeMetrics: [2, message('ScopeMetrics', { scope: [1, scope], metrics: [2, metric, 'repeated'] }), 'repeated'],
    }),
    'repeated',
  ],
});

/** The body of `/v1/logs`. */
export const logsRequest = message('ExportLogsServiceRequest', {
  resourceLogs: [
    1,
    message('ResourceLogs', {
      resource: [1, resource],
      scopeLogs: [2, message('ScopeLogs', { scope: [1, scope], logRecords: [2, logRecord, 'repeated'] }), 'repeated'],
    }),
    'repeated',
  ],
});
