import { useSyncExternalStore } from 'react';

/* Dark or light: by the system, or by choice, which is kept in this browser. */

export type ThemeChoice = 'system' | 'dark' | 'light';
const key = 'auspex.theme';
const listeners = new Set<() => void>();
const dark = matchMedia('(prefers-color-scheme: dark)');
dark.addEventListener('change', tell);

function tell(): void {
  for (const listener of listeners) listener();
}

function read(): ThemeChoice {
  const chosen = document.documentElement.dataset['theme'];
  return chosen === 'dark' || chosen === 'light' ? chosen : 'system';
}

export function chooseTheme(choice: ThemeChoice): void {
  if (choice === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = choice;
  try {
    if (choice === 'system') localStorage.removeItem(key);
    else localStorage.setItem(key, choice);
  } catch {
    // Storage may be refused: the choice holds for this visit.
  }
  tell();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useThemeChoice(): ThemeChoice {
  return useSyncExternalStore(subscribe, read);
}

/** The theme in force, for what draws on a canvas and cannot read CSS. */
export function useTheme(): 'dark' | 'light' {
  return useSyncExternalStore(subscribe, () => {
    const choice = read();
    return choice === 'system' ? (dark.matches ? 'dark' : 'light') : choice;
  });
}
