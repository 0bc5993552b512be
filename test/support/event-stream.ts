/** A reader of the event stream that reads when it is asked to, as a browser's does. */
import type { CloudEvent } from '../../events/cloud-event';

interface StreamedEvent {
  readonly id: string;
  readonly event: CloudEvent;
}

export interface EventStream {
  /** The next events, as many as asked for. */
  next(count: number): Promise<StreamedEvent[]>;
  close(): Promise<void>;
}

export async function openStream(url: string, lastEventId?: string): Promise<EventStream> {
  const response = await fetch(url, {
    headers: {
      Accept: 'text/event-stream',
      ...(lastEventId !== undefined && { 'Last-Event-ID': lastEventId }),
    },
  });
  if (!response.ok || !response.body) throw new Error(`${url} answered ${String(response.status)}`);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const ready: StreamedEvent[] = [];
  let text = '';
  return {
    next: async (count) => {
      while (ready.length < count) {
        const { value, done } = await reader.read();
        if (done)
          throw new Error(`the stream ended after ${String(ready.length)} of ${String(count)} events`);
        const blocks = (text + value).split('\n\n');
        text = blocks.pop() ?? '';
        ready.push(...blocks.flatMap(parsed));
      }
      return ready.splice(0, count);
    },
    close: () => reader.cancel(),
  };
}

function parsed(block: string): StreamedEvent[] {
  const field = (name: string) =>
    block
      .split('\n')
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2);
  const [id, data] = [field('id'), field('data')];
  return id !== undefined && data !== undefined ? [{ id, event: JSON.parse(data) as CloudEvent }] : [];
}
