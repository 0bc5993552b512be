/** The base of the URIs in the events of tests that serve no HTTP. */
import type { EventBase } from '../../events/base-uri';

export const BASE_URI = 'https://shop.example/api';

export const eventBase = (): EventBase => ({ uri: BASE_URI, isStated: true });
