// Runs before the first paint, so that a stored theme does not flash in the other one.
try {
  const chosen = localStorage.getItem('auspex.theme');
  if (chosen === 'dark' || chosen === 'light') document.documentElement.dataset.theme = chosen;
} catch {
  // Storage may be refused; the system's theme holds then.
}
