/** Photographs the event history of a saga in the Temporal UI. */
import { chromium } from 'playwright-core';

/** Pixels: high enough for the whole page of a short saga, so that nothing needs scrolling. */
const VIEWPORT = { width: 1280, height: 1800 };

/** Pixels around the picture. */
const MARGIN = 8;

/** 60 s: the UI reads a history in a second, on a busy machine in several. */
const SHOWN_WITHIN_MS = 60_000;

/**
 * @param url the saga's page in the Temporal UI; the saga is about to complete
 * @param file the PNG
 */
export async function photographSaga(executablePath: string, url: string, file: string): Promise<void> {
  // The caller handles the signals. The browser ends with this process.
  const signals = { handleSIGINT: false, handleSIGTERM: false, handleSIGHUP: false };
  const browser = await chromium.launch({ executablePath, ...signals });
  try {
    const page = await browser.newPage({ viewport: VIEWPORT });
    page.setDefaultTimeout(SHOWN_WITHIN_MS);
    await page.goto(url);
    // The first event, the last one, and a step in the timeline: the whole history is there.
    const events = page.getByTestId('event-summary-row');
    await events.filter({ hasText: 'Workflow Execution Started' }).waitFor();
    await events.filter({ hasText: 'Workflow Execution Completed' }).waitFor();
    await page.locator('svg').getByText('createPendingOrders').first().waitFor();
    const clip = around(
      await page.getByText('Event History', { exact: true }).first().boundingBox(),
      await page.getByTestId('event-summary-table').boundingBox(),
    );
    await page.screenshot({ path: file, animations: 'disabled', clip });
  } finally {
    await browser.close();
  }
}

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** From the heading down to the end of the table, as wide as the table. */
function around(heading: Box | null, table: Box | null): Box {
  if (!heading || !table) throw new Error('The Temporal UI shows no event history; see tools/screenshot');
  const y = heading.y - MARGIN;
  return {
    x: table.x - MARGIN,
    y,
    width: table.width + 2 * MARGIN,
    height: table.y + table.height + MARGIN - y,
  };
}
