import { type ReactNode, useState } from 'react';

/** A text to be taken along, with a button that copies it. */
export function CopyLine({ text, children }: { text: string; children?: ReactNode }) {
  const [copied, setCopied] = useState<string | null>(null);
  return (
    <div className="command">
      <code>{text}</code>
      <button
        type="button"
        className="button"
        onClick={() => void navigator.clipboard?.writeText(text).then(() => setCopied(text))}
      >
        {copied === text ? 'Copied' : 'Copy'}
      </button>
      {children}
    </div>
  );
}
