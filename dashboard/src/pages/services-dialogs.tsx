import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { ServiceChangeBody, ServiceDetail, ServiceView } from '../../../src/api/contract/index.ts';
import { call, queries } from '../api.ts';
import { AskForm } from '../parts/ask-form.tsx';
import { keyText } from '../service-words.ts';

/* Corrections. Each says what it touches and how it is taken back, then asks. */

/** The page that is left is not read once more: its service may be gone. */
function readAnew(isLeft: boolean): void {
  for (const key of ['services', 'serviceGraph']) void queries.invalidateQueries({ queryKey: [key] });
  void queries.invalidateQueries({ queryKey: ['service'], refetchType: isLeft ? 'none' : 'active' });
}

function Ask({
  title,
  button,
  danger = false,
  ready,
  send,
  onDone,
  onClose,
  children,
}: {
  title: string;
  button: string;
  danger?: boolean;
  ready: boolean;
  send: () => Promise<unknown>;
  /** Where another page follows. */
  onDone?: (() => void) | undefined;
  onClose: () => void;
  children: ReactNode;
}) {
  const change = useMutation({
    mutationFn: send,
    onSuccess: () => {
      readAnew(onDone !== undefined);
      onClose();
      onDone?.();
    },
  });
  return (
    <AskForm
      title={title}
      button={button}
      danger={danger}
      ready={ready}
      sent={change}
      onSubmit={() => change.mutate()}
      onClose={onClose}
    >
      {children}
    </AskForm>
  );
}

interface DialogProps {
  readonly service: ServiceDetail;
  readonly onClose: () => void;
}

const change = (service: ServiceDetail, body: ServiceChangeBody) =>
  call('changeService', { params: { id: service.id }, body });

export function RenameDialog({ service, onClose }: DialogProps) {
  const [name, setName] = useState(service.name);
  const wanted = name.trim();
  return (
    <Ask
      title="Call it otherwise"
      button="Rename"
      ready={wanted !== '' && wanted !== service.name}
      send={() => change(service, { kind: 'rename', name: wanted })}
      onClose={onClose}
    >
      <label className="field">
        Name
        <input className="input" maxLength={100} value={name} onChange={(e) => setName(e.target.value)} />
      </label>
      <p>
        The name on pages and in messages changes, and its health goes on as a series of that name. What is found as it
        stays the same. Rename it again to take it back.
      </p>
    </Ask>
  );
}

export function MergeServicesDialog({
  service,
  others,
  onClose,
  onDone,
}: DialogProps & { others: readonly ServiceView[]; onDone: (into: string) => void }) {
  const [into, setInto] = useState(others[0]?.id ?? '');
  const other = others.find(({ id }) => id === into);
  return (
    <Ask
      title="Make it part of another"
      button="Merge"
      danger
      ready={other !== undefined}
      send={() => change(service, { kind: 'merge', into })}
      onDone={() => onDone(into)}
      onClose={onClose}
    >
      <label className="field">
        Of
        <select className="input" value={into} onChange={(e) => setInto(e.target.value)}>
          {others.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <p>
        “{service.name}” is no service of its own any more: its {service.members.length}{' '}
        {service.members.length === 1 ? 'part' : 'parts'} and all calls to and from it are those of “{other?.name}”. To
        take it back, split it off there.
      </p>
    </Ask>
  );
}

export function SplitServiceDialog({ service, onClose }: DialogProps) {
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [name, setName] = useState('');
  const rest = service.keys.length - chosen.length;
  const toggle = (key: string) =>
    setChosen((keys) => (keys.includes(key) ? keys.filter((one) => one !== key) : [...keys, key]));
  return (
    <Ask
      title="Split off what is another service"
      button="Split"
      danger
      ready={chosen.length > 0 && rest > 0 && name.trim() !== ''}
      send={() => change(service, { kind: 'split', keys: [...chosen], name: name.trim() })}
      onClose={onClose}
    >
      <fieldset className="choices">
        <legend>What is another service</legend>
        {service.keys.map((key) => (
          <label key={key} className="choice">
            <input type="checkbox" checked={chosen.includes(key)} onChange={() => toggle(key)} />
            <span>{keyText(key)}</span>
          </label>
        ))}
      </fieldset>
      <label className="field">
        Its name
        <input className="input" maxLength={100} value={name} onChange={(e) => setName(e.target.value)} />
      </label>
      <p>
        {rest === 0
          ? 'One at least has to stay.'
          : 'Who calls which of the two is found anew within some minutes; calls that were added by hand stay with the first. Merge the two to take it back.'}
      </p>
    </Ask>
  );
}

export function RemoveServiceDialog({ service, onClose, onDone }: DialogProps & { onDone: () => void }) {
  return (
    <Ask
      title="Remove it"
      button="Remove"
      danger
      ready
      send={() => call('removeService', { params: { id: service.id } })}
      onDone={onDone}
      onClose={onClose}
    >
      <p>
        “{service.name}” is no longer listed, asked how it is or counted for the health of all; the calls to and from it
        and what was corrected of it go too. Its history and incidents stay, and its programs are left alone.
      </p>
      <p>
        It comes back by itself when it is seen again (it listens, is called, is scraped or sends) or registers again:
        to be rid of it for good, stop that first.
      </p>
    </Ask>
  );
}

export function BusinessDialog({ service, onClose }: DialogProps) {
  const [text, setText] = useState(service.business.join('\n'));
  const metrics = text.split(/[\s,]+/).filter((one) => one !== '');
  return (
    <Ask
      title="Business metrics"
      button="Keep"
      ready={metrics.join() !== service.business.join()}
      send={() => change(service, { kind: 'business', metrics })}
      onClose={onClose}
    >
      <label className="field">
        Names of metrics, one a line
        <textarea className="input" rows={4} value={text} onChange={(e) => setText(e.target.value)} />
      </label>
      <p>
        Orders, sign-ups or revenue that this service tells: when they fall below what is usual, its health does. Those
        that stand in the configuration stay.
      </p>
    </Ask>
  );
}

export function DependencyDialog({
  services,
  from: caller,
  onClose,
}: {
  services: readonly ServiceView[];
  from?: string;
  onClose: () => void;
}) {
  const [from, setFrom] = useState(caller ?? services[0]?.id ?? '');
  const [to, setTo] = useState(services.find(({ id }) => id !== from)?.id ?? '');
  const options = services
    .toSorted((a, b) => a.name.localeCompare(b.name))
    .map(({ id, name }) => (
      <option key={id} value={id}>
        {name}
      </option>
    ));
  return (
    <Ask
      title="Add a call"
      button="Add"
      ready={from !== to && to !== ''}
      send={() => call('changeDependency', { body: { kind: 'add', from, to } })}
      onClose={onClose}
    >
      <label className="field">
        Caller
        <select className="input" value={from} onChange={(e) => setFrom(e.target.value)}>
          {options}
        </select>
      </label>
      <label className="field">
        Calls
        <select className="input" value={to} onChange={(e) => setTo(e.target.value)}>
          {options}
        </select>
      </label>
      <p>
        {from === to
          ? 'A service does not call itself.'
          : 'It stays although nobody sees it, and counts where causes and incidents are told apart. Remove it on the page of either to take it back.'}
      </p>
    </Ask>
  );
}

export function RemoveCallDialog({
  from,
  to,
  onClose,
}: {
  from: { readonly id: string; readonly name: string };
  to: { readonly id: string; readonly name: string };
  onClose: () => void;
}) {
  return (
    <Ask
      title="Remove a call"
      button="Remove"
      danger
      ready
      send={() => call('changeDependency', { body: { kind: 'remove', from: from.id, to: to.id } })}
      onClose={onClose}
    >
      <p>
        “{from.name}” does not depend on “{to.name}” any more, for the map and wherever causes and incidents are told
        apart; the programs themselves are left alone. It stays removed although connections are seen. To take it back,
        add the call.
      </p>
    </Ask>
  );
}
