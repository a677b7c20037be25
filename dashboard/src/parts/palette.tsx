import { Command } from 'cmdk';
import { useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import { useApi } from '../api.ts';
import { placesFor } from '../places.ts';
import { rangeSearch, withParams } from '../range.ts';
import { chooseTheme } from '../theme.ts';
import { SeverityMark } from './marks.tsx';
import { Modal } from './sheet.tsx';

/** Reaches any page, host, service, incident, metric and anomaly by name. */
export function Palette({ onClose }: { onClose: () => void }) {
  const [, navigate] = useLocation();
  const search = useSearch();
  const [text, setText] = useState('');
  const { data: session } = useApi('session', {}, { staleTime: 5 * 60_000 });
  const entities = useApi('entities');
  const incidents = useApi('incidents', { query: { limit: 50 } });
  const services = useApi('services');
  const anomalies = useApi('anomalies', { query: { limit: 50 } });
  const metrics = useApi('metrics', text.length < 2 ? {} : { query: { search: text } });
  const range = rangeSearch(search);
  const go = (path: string) => {
    onClose();
    navigate(path);
  };
  return (
    <Modal open onClose={onClose} title="Go to" wide>
      <Command className="palette" label="Go to" loop>
        <Command.Input placeholder="A host, incident, metric, anomaly or page" value={text} onValueChange={setText} />
        <Command.List label="Results">
          <Command.Empty>Nothing is called “{text}”.</Command.Empty>
          <Command.Group heading="Pages">
            {placesFor(session?.scope).map((place) => (
              <Command.Item key={place.path} value={`page ${place.title}`} onSelect={() => go(`${place.path}${range}`)}>
                {place.title}
              </Command.Item>
            ))}
          </Command.Group>
          <Command.Group heading="Hosts and targets">
            {(entities.data?.items ?? []).slice(0, 500).map((e) => (
              <Command.Item
                key={e.id}
                value={`${e.name} ${e.id}`}
                keywords={e.aliases}
                onSelect={() => go(`/hosts/${encodeURIComponent(e.id)}${range}`)}
              >
                {e.name}
                <span className="muted">{e.kind}</span>
              </Command.Item>
            ))}
          </Command.Group>
          <Command.Group heading="Services">
            {(services.data?.items ?? []).slice(0, 500).map((one) => (
              <Command.Item
                key={one.id}
                value={`service ${one.name} ${one.id}`}
                onSelect={() => go(`/services/${encodeURIComponent(one.id)}${range}`)}
              >
                {one.name}
                <span className="muted">{one.score === null ? 'service' : `service, health ${one.score}`}</span>
              </Command.Item>
            ))}
          </Command.Group>
          <Command.Group heading="Incidents">
            {(incidents.data?.items ?? [])
              .filter((one) => one.mergedInto === null)
              .map((one) => (
                <Command.Item
                  key={one.id}
                  value={`incident ${one.title} ${one.id}`}
                  onSelect={() => go(`/incidents/${encodeURIComponent(one.id)}${range}`)}
                >
                  <SeverityMark severity={one.severity} />
                  <span>{one.title}</span>
                  <span className="muted">{one.state}</span>
                </Command.Item>
              ))}
          </Command.Group>
          <Command.Group heading="Anomalies">
            {(anomalies.data?.items ?? []).map((a) => (
              <Command.Item
                key={a.id}
                value={`${a.entityName} ${a.summary} ${a.id}`}
                onSelect={() => go(`/anomalies/${encodeURIComponent(a.id)}${range}`)}
              >
                <SeverityMark severity={a.severity} />
                <span>
                  {a.entityName} {a.summary}
                </span>
              </Command.Item>
            ))}
          </Command.Group>
          <Command.Group heading="Metrics">
            {(metrics.data?.items ?? []).slice(0, text.length < 2 ? 20 : 100).map((m) => (
              <Command.Item
                key={m.name}
                value={`${m.title} ${m.name}`}
                onSelect={() => go(`/explore${withParams(range, { metric: m.name })}`)}
              >
                {m.title}
                <span className="muted">{m.name}</span>
              </Command.Item>
            ))}
          </Command.Group>
          <Command.Group heading="Appearance">
            {(['dark', 'light', 'system'] as const).map((choice) => (
              <Command.Item
                key={choice}
                value={`theme ${choice}`}
                onSelect={() => {
                  chooseTheme(choice);
                  onClose();
                }}
              >
                {choice === 'system' ? 'Theme of the system' : `${choice === 'dark' ? 'Dark' : 'Light'} theme`}
              </Command.Item>
            ))}
          </Command.Group>
        </Command.List>
      </Command>
    </Modal>
  );
}
