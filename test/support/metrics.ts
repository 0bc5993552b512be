/** The metrics of a process. */

/** @returns by name and labels, as they are printed, without the prefix of the project */
export async function readMetrics(url: string): Promise<ReadonlyMap<string, number>> {
  const response = await fetch(`${url}/metrics`);
  const type = response.headers.get('Content-Type');
  if (type?.includes('text/plain') !== true) throw new Error(`/metrics answered with ${String(type)}`);
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(' ');
      return [line.slice(0, end).replace('order_saga_', ''), Number(line.slice(end + 1))];
    }),
  );
}
