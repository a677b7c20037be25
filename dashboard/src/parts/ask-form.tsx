import type { FormEvent, ReactNode } from 'react';
import { ProblemError } from '../api.ts';
import { Modal } from './sheet.tsx';
import { ProblemNotice } from './states.tsx';

/** A dialog that says what it touches, then asks; what went wrong stands above its buttons. */
export function AskForm({
  title,
  button,
  cancel = 'Cancel',
  danger = false,
  ready = true,
  sent,
  onSubmit,
  onClose,
  children,
}: {
  title: string;
  button: string;
  cancel?: string;
  danger?: boolean;
  /** False while something is still to be chosen. */
  ready?: boolean;
  /** How what was sent fares: a mutation. */
  sent: { readonly error: unknown; readonly isPending: boolean };
  onSubmit: () => void;
  onClose: () => void;
  children: ReactNode;
}) {
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (ready) onSubmit();
  };
  return (
    <Modal open onClose={onClose} title={title}>
      <form onSubmit={submit}>
        {children}
        {sent.error !== null && <ProblemNotice problem={ProblemError.from(sent.error).problem} />}
        <div className="row">
          <button
            type="submit"
            className={danger ? 'button danger' : 'button main'}
            disabled={!ready || sent.isPending}
          >
            {button}
          </button>
          <button type="button" className="button quiet" onClick={onClose}>
            {cancel}
          </button>
        </div>
      </form>
    </Modal>
  );
}
