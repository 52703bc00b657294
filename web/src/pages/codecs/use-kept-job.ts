/** Which background work was started here: who leaves the page or reloads it finds the work again in this tab. */
import { useState } from 'react';

const PREFIX = 'torv.job.';

export function useKeptJob(key: string): readonly [number | null, (job: number | null) => void] {
  const [job, setJob] = useState(() => readJob(key));
  const keep = (next: number | null) => {
    try {
      if (next === null) window.sessionStorage.removeItem(PREFIX + key);
      else window.sessionStorage.setItem(PREFIX + key, String(next));
    } catch {
      // kept as long as the page
    }
    setJob(next);
  };
  return [job, keep];
}

function readJob(key: string): number | null {
  try {
    const job = Number(window.sessionStorage.getItem(PREFIX + key));
    return Number.isSafeInteger(job) && job > 0 ? job : null;
  } catch {
    return null;
  }
}
