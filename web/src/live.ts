/**
 * Readings as they come, over one EventSource. The browser reconnects by itself after a broken line; after a
 * refusal it gives up, so we try again with growing pauses. Live data only ever adds to what was fetched.
 */
import { useEffect, useRef, useState } from 'react';

export type LiveStatus = 'connecting' | 'live' | 'waiting';

const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 60_000;

/** Event name -> what to do with its parsed data: `useLive(path, { reading: (data) => ... })`. */
export type LiveHandlers = Readonly<Record<string, (data: unknown) => void>>;

export function useLive(path: string | null, handlers: LiveHandlers): LiveStatus {
  const [status, setStatus] = useState<LiveStatus>('connecting');
  const latest = useRef(handlers);
  latest.current = handlers;
  const names = Object.keys(handlers).sort().join(' ');

  useEffect(() => {
    if (path === null) return;
    let source: EventSource | undefined;
    let timer: number | undefined;
    let pauseMs = FIRST_PAUSE_MS;

    const open = () => {
      source = new EventSource(path);
      source.onopen = () => {
        pauseMs = FIRST_PAUSE_MS;
        setStatus('live');
      };
      source.onerror = () => {
        setStatus('waiting');
        if (source?.readyState !== EventSource.CLOSED) return;
        timer = window.setTimeout(open, pauseMs);
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      };
      for (const name of names.split(' ')) {
        source.addEventListener(name, (event) => {
          const data = parseData(event);
          if (data !== undefined) latest.current[name]?.(data);
        });
      }
    };
    open();
    return () => {
      window.clearTimeout(timer);
      source?.close();
    };
  }, [path, names]);

  return status;
}

function parseData(event: Event): unknown {
  try {
    return event instanceof MessageEvent ? JSON.parse(String(event.data)) : undefined;
  } catch {
    return undefined; // one broken event must not end the stream
  }
}
