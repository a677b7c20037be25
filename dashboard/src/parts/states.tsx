import type { ReactNode } from 'react';
import type { Problem } from '../../../src/api/contract/index.ts';
import { Icon } from './icons.tsx';

/** What went wrong, why, and what to do; the code is for the one who searches for it. */
export function ProblemNotice({ problem, retry }: { problem: Problem; retry?: () => void }) {
  return (
    <div className="notice critical" role="alert">
      <Icon name="warn" />
      <div>
        <strong>{problem.title}.</strong> {problem.detail}
        <div>{problem.remedy}</div>
        <div className="row">
          <code>{problem.code}</code>
          {retry !== undefined && (
            <button type="button" className="link" onClick={retry}>
              Try again
            </button>
          )}
        </div>
      </div>
    </div>
  );
}

export function Learning({ text }: { text: string }) {
  return (
    <div className="notice">
      <Icon name="info" />
      <div>
        <strong>Learning.</strong> {text}
      </div>
    </div>
  );
}

export function Nothing({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="nothing">
      <strong>{title}</strong>
      {children}
    </div>
  );
}

/** The shape of what is to come, in its place, so that nothing jumps. */
export function PageSkeleton() {
  return (
    <div className="stack" aria-busy="true">
      <p className="hidden-text">Loading</p>
      <span className="skeleton title" />
      <span className="skeleton block" />
      <span className="skeleton block" />
    </div>
  );
}

/** Data, or its skeleton, or its problem with the last data kept where there are some. */
export function Loaded<T>({
  answer,
  children,
  skeleton = <span className="skeleton block" />,
}: {
  answer: { data: T | undefined; problem: Problem | null; refetch: () => void };
  children: (data: T) => ReactNode;
  skeleton?: ReactNode;
}) {
  return (
    <>
      {answer.problem !== null && <ProblemNotice problem={answer.problem} retry={answer.refetch} />}
      {answer.data !== undefined ? children(answer.data) : answer.problem === null ? skeleton : null}
    </>
  );
}
