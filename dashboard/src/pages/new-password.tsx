/** Whether the two are written differently, or one is missing. */
export function tooDifferent(password: string, again: string): boolean {
  return password === '' || password !== again;
}

/** A password, twice: what is mistyped here cannot be read back. */
export function NewPassword({
  password,
  again,
  onPassword,
  onAgain,
}: {
  password: string;
  again: string;
  onPassword: (text: string) => void;
  onAgain: (text: string) => void;
}) {
  const differs = again !== '' && password !== again;
  return (
    <>
      <label className="field">
        New password, at least 12 characters; a few words will do
        <input
          className="input full"
          type="password"
          required
          minLength={12}
          maxLength={200}
          autoComplete="new-password"
          value={password}
          onChange={(e) => onPassword(e.target.value)}
        />
      </label>
      <label className="field">
        Once more
        <input
          className="input full"
          type="password"
          required
          maxLength={200}
          autoComplete="new-password"
          aria-invalid={differs}
          value={again}
          onChange={(e) => onAgain(e.target.value)}
        />
      </label>
      {differs && (
        <p role="status" className="small">
          The two are not the same.
        </p>
      )}
    </>
  );
}
