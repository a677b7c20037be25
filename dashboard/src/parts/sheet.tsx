import { Dialog } from 'radix-ui';
import type { ReactNode } from 'react';
import { Icon } from './icons.tsx';

/* Radix's own overlay writes a style element, which the strict CSP refuses: the scrim is ours. */

interface SheetProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly title: ReactNode;
  readonly above?: ReactNode;
  readonly children: ReactNode;
}

/** Focus on the drawer itself: its keys work, and no button is lit before it is asked for. */
function focusWhole(event: Event): void {
  event.preventDefault();
  if (event.currentTarget instanceof HTMLElement) event.currentTarget.focus();
}

/** The place of every "why": beside the page, by its own link where it has one. */
export function Drawer({ open, onClose, title, above, children }: SheetProps) {
  return (
    <Dialog.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Dialog.Portal>
        <div className="scrim" />
        <Dialog.Content className="drawer" aria-describedby={undefined} onOpenAutoFocus={focusWhole}>
          <header>
            <div>
              {above}
              <Dialog.Title className="title">{title}</Dialog.Title>
            </div>
            <Dialog.Close className="icon-button" aria-label="Close">
              <Icon name="close" />
            </Dialog.Close>
          </header>
          <div className="body">{children}</div>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

export function Modal({
  open,
  onClose,
  title,
  children,
  wide = false,
}: Omit<SheetProps, 'above'> & { wide?: boolean }) {
  return (
    <Dialog.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Dialog.Portal>
        <div className="scrim" />
        <Dialog.Content className={wide ? 'dialog wide' : 'dialog'} aria-describedby={undefined}>
          <Dialog.Title className={wide ? 'hidden-text' : ''}>{title}</Dialog.Title>
          {children}
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
