import type { EngineEvent } from '../../engine/engine-view.ts';
import type { LiveMessage } from '../contract/index.ts';
import {
  alertToWire,
  anomalyToWire,
  changeToWire,
  gaugeToWire,
  incidentToWire,
  iso,
  modelToWire,
  type NameOf,
  predictionToWire,
} from '../http/wire.ts';

/** What happened in the engine, as the live socket tells it. */
export function liveMessageOf(event: EngineEvent, cursor: string, nameOf: NameOf): LiveMessage {
  switch (event.topic) {
    case 'samples':
      return {
        topic: 'samples',
        cursor,
        entityId: event.entityId,
        at: iso(event.at),
        gauges: event.gauges.map(gaugeToWire),
      };
    case 'anomalies':
      return { topic: 'anomalies', cursor, change: event.change, anomaly: anomalyToWire(event.finding, nameOf) };
    case 'alerts':
      return { topic: 'alerts', cursor, alert: alertToWire(event.alert, nameOf) };
    case 'incidents':
      return { topic: 'incidents', cursor, incident: incidentToWire(event.incident, nameOf) };
    case 'changes':
      return { topic: 'changes', cursor, change: changeToWire(event.change, nameOf) };
    case 'calendar':
      return { topic: 'calendar', cursor, change: event.change, title: event.title };
    case 'predictions':
      return { topic: 'predictions', cursor, prediction: predictionToWire(event.prediction, nameOf) };
    case 'models':
      return { topic: 'models', cursor, model: modelToWire(event.model, nameOf) };
    case 'status':
      return { topic: 'status', cursor, state: event.state, sentence: event.sentence };
    case 'overview':
      return { topic: 'overview', cursor, sentence: event.sentence };
    case 'services':
      return { topic: 'services', cursor, sentence: event.sentence };
  }
}
